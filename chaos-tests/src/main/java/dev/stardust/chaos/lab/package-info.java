/**
 * Unmodified Linux guests under our VMM. {@code LinuxRun} on the host makes the images and starts a lab machine (QEMU
 * emulating a CPU with AMD's virtualization) or, where {@code /dev/kvm} is hardware, {@code LabMain} itself; LabMain runs
 * the cases of {@code LinuxCases} one after the other and prints a {@code Marker} for each. See docs/lab.md.
 */
package dev.stardust.chaos.lab;
