package dev.stardust.scheduler.actor;

import dev.stardust.cluster.membership.HostAddress;

/**
 * The value of the registry key {@code hosts/ID}.
 *
 * @param name the host's name
 * @param address where it is reached; {@code HostDirectory} reads it too
 * @param memoryMib memory it gives to VMs
 * @param cpus its processors
 */
public record HostEntry(String name, HostAddress address, int memoryMib, int cpus) {
    /** The lease that a host lives by. */
    public static String lease(String id) {
        return "host-" + id;
    }
}
