package dev.stardust.scheduler.actor;

import dev.stardust.cluster.membership.HostDirectory;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Registry.LeaseView;
import dev.stardust.scheduler.placement.HostView;
import dev.stardust.vm.actor.BaseEntry;
import dev.stardust.vm.actor.ImageEntry;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.KernelEntry;
import dev.stardust.vm.actor.Kernels;
import dev.stardust.vm.actor.Placement;
import dev.stardust.vm.spec.Hypervisor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 * @param images by name
 * @param bases by name
 * @param kernels the kernels that images start with
 * @param volumes by name
 */
public record ClusterPicture(
        Map<String, HostEntry> hosts,
        Set<String> living,
        Map<String, VmEntry> vms,
        Map<String, Placement> placements,
        Map<String, ImageEntry> images,
        Map<String, BaseEntry> bases,
        Kernels kernels,
        Map<String, VolumeEntry> volumes) {

    /** A picture from entries of any keys and the living leases. */
    public static ClusterPicture of(List<Entry> entries, List<LeaseView> leases) {
        Map<String, HostEntry> hosts = under(entries, HostDirectory.HOSTS, HostEntry.class);
        Set<String> alive = leases.stream().map(LeaseView::lease).collect(Collectors.toSet());
        return new ClusterPicture(
                hosts,
                hosts.keySet().stream()
                        .filter(id -> alive.contains(HostEntry.lease(id)))
                        .collect(Collectors.toSet()),
                under(entries, VmEntry.PREFIX, VmEntry.class),
                under(entries, Placement.PREFIX, Placement.class),
                under(entries, ImageEntry.PREFIX, ImageEntry.class),
                under(entries, BaseEntry.PREFIX, BaseEntry.class),
                new Kernels(under(entries, KernelEntry.PREFIX, KernelEntry.class), standardKernel(entries)),
                under(entries, VolumeEntry.PREFIX, VolumeEntry.class));
    }

    private static String standardKernel(List<Entry> entries) {
        return entries.stream()
                .filter(e -> e.key().equals(KernelEntry.DEFAULT_KEY))
                .map(e -> Json.read(e.value(), String.class))
                .findFirst()
                .orElse(null);
    }

    private static <T> Map<String, T> under(List<Entry> entries, String prefix, Class<T> type) {
        Map<String, T> found = new TreeMap<>();
        for (Entry e : entries) {
            if (e.key().startsWith(prefix)) {
                found.put(e.key().substring(prefix.length()), Json.read(e.value(), type));
            }
        }
        return found;
    }

    /** The hosts as placement sees them. */
    public List<HostView> hostViews() {
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
        hosts.forEach((id, h) -> views.add(new HostView(
                id,
                h.name(),
                living.contains(id),
                h.memoryMib(),
                used.getOrDefault(id, 0),
                count.getOrDefault(id, 0),
                h.hypervisors().stream().map(Hypervisor::label).toList(),
                groups.getOrDefault(id, Map.of()),
                volumesOn(id))));
        return views;
    }

    private Set<String> volumesOn(String host) {
        return volumes.entrySet().stream()
                .filter(volume -> volume.getValue().host().equals(host))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /** The VMs that have a volume, running or not. */
    public List<String> usersOf(String volume) {
        return vms.entrySet().stream()
                .filter(vm -> vm.getValue().spec().extras().volumes().stream()
                        .anyMatch(has -> has.name().equals(volume)))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The id of the host with this name or id. */
    public Optional<String> hostNamed(String nameOrId) {
        return hosts.entrySet().stream()
                .filter(h -> h.getKey().equals(nameOrId) || h.getValue().name().equals(nameOrId))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** A host's name for people; its id when it is not known. */
    public String hostName(String id) {
        HostEntry host = hosts.get(id);
        return host == null ? id : host.name();
    }
}
