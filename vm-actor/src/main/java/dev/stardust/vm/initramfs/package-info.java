/** What a guest boots from before it has a root: the agent, and modules of its kernel. */
package dev.stardust.vm.initramfs;
