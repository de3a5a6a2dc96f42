/** The portable hypervisor: machines that are processes of QEMU, driven by QMP, their memory and disks ours. */
package dev.stardust.vm.qemu;
