package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.virtio.VirtioDevice;

/**
 * A virtio device of a machine beside its disks, ready to be plugged in. It belongs to the machine, which closes it.
 *
 * @param name what messages call it
 */
public record DevicePart(String name, VirtioDevice device) {}
