package dev.stardust.scheduler.actor;

import dev.stardust.cluster.membership.HostAddress;
import dev.stardust.vm.spec.Hypervisor;
import java.util.List;

/**
 * The value of the registry key {@code hosts/ID}.
 *
 * @param name the host's name
 * @param address where it is reached; {@code HostDirectory} reads it too
 * @param memoryMib memory it gives to VMs
 * @param cpus its processors
 * @param hypervisors what can run guests on it; of an older version, KVM
 */
public record HostEntry(String name, HostAddress address, int memoryMib, int cpus, List<Hypervisor> hypervisors) {
    public HostEntry {
        hypervisors = hypervisors == null ? List.of(Hypervisor.KVM) : List.copyOf(hypervisors);
    }

    /** The lease that a host lives by. */
    public static String lease(String id) {
        return "host-" + id;
    }
}
