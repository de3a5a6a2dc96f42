package dev.stardust.scheduler.placement;

import java.util.Set;

/**
 * What a VM asks of its host.
 *
 * @param vm the VM's name
 * @param memoryMib memory it needs
 * @param host name of the one host it may run on, empty for any
 * @param hypervisor what must be there to run it, empty for any
 * @param group spread group (its deployment's name) whose VMs shall be spread evenly, empty for none
 * @param volumes names of the volumes it has; where one of them is, it has to run
 */
public record Demand(String vm, int memoryMib, String host, String hypervisor, String group, Set<String> volumes) {
    public Demand {
        volumes = Set.copyOf(volumes);
    }
}
