package dev.stardust.scheduler.actor;

import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Registry.LeaseView;
import dev.stardust.scheduler.placement.HostView;
import dev.stardust.vm.actor.Placement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The registry's keys and leases as one picture, which decisions are made by. Pure.
 *
 * @param hosts by id
 * @param living ids of hosts whose lease lives
 * @param vms by name
 * @param placements by VM
 */
public record ClusterPicture(
        Map<String, HostEntry> hosts,
        Set<String> living,
        Map<String, VmEntry> vms,
        Map<String, Placement> placements) {

    /** A picture from entries of any keys and the living leases. */
    public static ClusterPicture of(List<Entry> entries, List<LeaseView> leases) {
        Map<String, HostEntry> hosts = new TreeMap<>();
        Map<String, VmEntry> vms = new TreeMap<>();
        Map<String, Placement> placements = new TreeMap<>();
        for (Entry e : entries) {
            String name = e.key().substring(e.key().indexOf('/') + 1);
            if (e.key().startsWith(HostEntry.PREFIX)) {
                hosts.put(name, HostEntry.parse(e.value()));
            } else if (e.key().equals(VmEntry.key(name))) {
                vms.put(name, VmEntry.parse(e.value()));
            } else if (e.key().equals(Placement.key(name))) {
                placements.put(name, Placement.parse(e.value()));
            }
        }
        Set<String> alive = leases.stream().map(LeaseView::lease).collect(Collectors.toSet());
        Set<String> living = hosts.keySet().stream()
                .filter(id -> alive.contains(HostEntry.lease(id)))
                .collect(Collectors.toSet());
        return new ClusterPicture(hosts, living, vms, placements);
    }

    /** The hosts as placement sees them. */
    List<HostView> hostViews() {
        Map<String, Integer> used = new HashMap<>();
        Map<String, Integer> count = new HashMap<>();
        Map<String, Map<String, Integer>> groups = new HashMap<>();
        placements.forEach((vm, placement) -> {
            VmEntry entry = vms.get(vm);
            if (entry != null) {
                used.merge(placement.host(), entry.spec().memoryMib(), Integer::sum);
                count.merge(placement.host(), 1, Integer::sum);
                if (!entry.group().isEmpty()) {
                    groups.computeIfAbsent(placement.host(), h -> new HashMap<>())
                            .merge(entry.group(), 1, Integer::sum);
                }
            }
        });
        List<HostView> views = new ArrayList<>();
        for (HostEntry h : hosts.values()) {
            views.add(new HostView(
                    h.id(),
                    h.name(),
                    living.contains(h.id()),
                    h.memoryMib(),
                    used.getOrDefault(h.id(), 0),
                    count.getOrDefault(h.id(), 0),
                    groups.getOrDefault(h.id(), Map.of())));
        }
        return views;
    }

    /** Memory promised to VMs on a host, in MiB. */
    public int usedMib(String host) {
        return hostViews().stream()
                .filter(h -> h.id().equals(host))
                .mapToInt(HostView::usedMib)
                .sum();
    }

    /** The host with this name or id, or null. */
    public HostEntry hostNamed(String nameOrId) {
        return hosts.values().stream()
                .filter(h -> h.name().equals(nameOrId) || h.id().equals(nameOrId))
                .findFirst()
                .orElse(null);
    }
}
