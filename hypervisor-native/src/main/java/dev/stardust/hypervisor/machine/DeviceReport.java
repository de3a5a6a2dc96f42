package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.metrics.DeviceMetrics;

/**
 * A virtio device of a machine as of one moment.
 *
 * @param name what messages call it, such as {@code disk 0}
 * @param stopped whether it does nothing until its driver resets it
 * @param faults how often its driver broke the rules, and so stopped it
 * @param lastFault what its driver did last, empty if nothing
 * @param metrics what it counted
 */
public record DeviceReport(String name, boolean stopped, long faults, String lastFault, DeviceMetrics metrics) {}
