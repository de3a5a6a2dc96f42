package dev.stardust.scheduler.placement;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What placement knows of a host, taken from the registry: decisions rest on what was promised, not on what happens to
 * be measured.
 *
 * @param id the host's id
 * @param name the host's name
 * @param alive whether its lease lives
 * @param memoryMib memory that it gives to VMs
 * @param usedMib memory promised to VMs already
 * @param vms number of VMs placed on it
 * @param hypervisors what can run guests on it
 * @param groups number of its VMs in each spread group
 * @param volumes names of the volumes that are on it
 */
public record HostView(
        String id,
        String name,
        boolean alive,
        int memoryMib,
        int usedMib,
        int vms,
        List<String> hypervisors,
        Map<String, Integer> groups,
        Set<String> volumes) {
    public HostView {
        hypervisors = List.copyOf(hypervisors);
        groups = Map.copyOf(groups);
        volumes = Set.copyOf(volumes);
    }

    int freeMib() {
        return memoryMib - usedMib;
    }

    /** This host after it was given one more VM. */
    HostView with(Demand demand) {
        Map<String, Integer> more = new HashMap<>(groups);
        if (!demand.group().isEmpty()) {
            more.merge(demand.group(), 1, Integer::sum);
        }
        Set<String> moreVolumes = new HashSet<>(volumes);
        moreVolumes.addAll(demand.volumes());
        return new HostView(
                id, name, alive, memoryMib, usedMib + demand.memoryMib(), vms + 1, hypervisors, more, moreVolumes);
    }
}
