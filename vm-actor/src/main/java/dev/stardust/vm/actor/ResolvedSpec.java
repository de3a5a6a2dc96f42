package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.VmSpec;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A VM's spec whose names have been looked up: what an image's name means later does not change a VM that is there.
 *
 * @param name the VM's name
 * @param memoryMib its RAM
 * @param cpus its vCPUs
 * @param boot what it starts; not used with a base
 * @param disks its disks in order
 * @param base the base it starts from, or null
 * @param memory id of the base's memory manifest, or null
 * @param state id of the base's state, or null
 * @param strict whether it gets a worker process of its own
 * @param spread group whose VMs are spread over hosts, or null
 */
public record ResolvedSpec(
        String name,
        int memoryMib,
        int cpus,
        Boot boot,
        List<Disk> disks,
        String base,
        String memory,
        String state,
        boolean strict,
        String spread) {
    public ResolvedSpec {
        disks = List.copyOf(disks);
    }

    /**
     * A disk.
     *
     * @param manifest id of the root chunk of the manifest it starts as, hex
     * @param readOnly whether the guest may not write
     */
    public record Disk(String manifest, boolean readOnly) {}

    /**
     * Looks names up.
     *
     * @throws ClusterException NOT_FOUND that names what is missing and what there is
     */
    public static ResolvedSpec of(VmSpec spec, Map<String, ImageEntry> images, Map<String, BaseEntry> bases) {
        if (!spec.networks().isEmpty()) {
            throw new ClusterException(
                    ErrorCode.REFUSED,
                    "VM " + spec.name() + " asks for networks, which VMs do not have in this version: leave them out");
        }
        List<Disk> disks = spec.disks().stream()
                .map(d -> new Disk(find("image", d.image(), images, spec.name()).manifest(), d.readOnly()))
                .toList();
        if (spec.base() == null) {
            return new ResolvedSpec(
                    spec.name(),
                    spec.memoryMib(),
                    spec.cpus(),
                    spec.boot(),
                    disks,
                    null,
                    null,
                    null,
                    spec.strict(),
                    spec.spread());
        }
        BaseEntry base = find("base", spec.base(), bases, spec.name());
        if (!disks.isEmpty()) {
            throw new ClusterException(
                    ErrorCode.USAGE, "VM " + spec.name() + " starts from a base, which has its disks: name no images");
        }
        if (spec.memoryMib() != 0 && spec.memoryMib() != base.memoryMib()) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "VM " + spec.name() + " starts from base " + spec.base() + ", which has " + base.memoryMib()
                            + " MiB of memory: leave memory out or give just that");
        }
        if (spec.cpus() != 1 && spec.cpus() != base.cpus()) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "VM " + spec.name() + " starts from base " + spec.base() + ", which has " + base.cpus()
                            + " CPUs: leave cpus out or give just that");
        }
        return new ResolvedSpec(
                spec.name(),
                base.memoryMib(),
                base.cpus(),
                Boot.TEST_GUEST,
                base.disks(),
                spec.base(),
                base.memory(),
                base.state(),
                spec.strict(),
                spec.spread());
    }

    private static <T> T find(String kind, String name, Map<String, T> known, String vm) {
        T found = known.get(name);
        if (found == null) {
            throw new ClusterException(
                    ErrorCode.NOT_FOUND,
                    "VM " + vm + " needs the " + kind + " '" + name + "', which is not there; "
                            + (known.isEmpty()
                                    ? "there is none yet: see 'stardust " + kind + " --help'"
                                    : "there are " + String.join(", ", new TreeSet<>(known.keySet()))));
        }
        return found;
    }
}
