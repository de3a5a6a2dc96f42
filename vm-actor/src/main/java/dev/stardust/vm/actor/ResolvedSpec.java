package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.vm.network.GuestNic;
import dev.stardust.vm.network.NicSpec;
import dev.stardust.vm.network.PortForward;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DiskLimit;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.spec.Hypervisor;
import dev.stardust.vm.spec.VmSpec;
import dev.stardust.vm.spec.VolumeMount;
import dev.stardust.vm.spec.Workload;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A VM's spec whose names have been looked up: what an image's name means later does not change a VM that is there.
 *
 * @param name the VM's name
 * @param memoryMib its RAM
 * @param cpus its vCPUs
 * @param boot what it starts; not used with a base
 * @param disks its disks in order
 * @param networks its network interfaces in order
 * @param extras its other devices; what is in the CD drive is named by its manifest
 * @param base the base it starts from, or null
 * @param memory id of the base's memory manifest, or null
 * @param state id of the base's state, or null
 * @param strict whether it gets a worker process of its own; a VM with vsock does, since only such a worker may connect
 *     to sockets of the host
 * @param spread group whose VMs are spread over hosts, or null
 * @param hypervisor what runs it; its host has chosen where it is not AUTO
 * @param linux the Linux of the image that it starts, or null for what {@code boot} says
 * @param workload what runs in its guest, or null
 */
public record ResolvedSpec(
        String name,
        int memoryMib,
        Cpus cpus,
        Boot boot,
        List<Disk> disks,
        List<Nic> networks,
        Extras extras,
        String base,
        String memory,
        String state,
        boolean strict,
        String spread,
        Hypervisor hypervisor,
        LinuxBoot linux,
        Workload workload) {
    public ResolvedSpec {
        hypervisor = hypervisor == null ? Hypervisor.AUTO : hypervisor;
        disks = List.copyOf(disks);
        networks = networks == null ? List.of() : List.copyOf(networks);
        extras = extras == null ? Extras.NONE : extras;
    }

    /** A VM that starts what {@code boot} says, on what its host finds best. */
    public ResolvedSpec(
            String name,
            int memoryMib,
            Cpus cpus,
            Boot boot,
            List<Disk> disks,
            List<Nic> networks,
            Extras extras,
            String base,
            String memory,
            String state,
            boolean strict,
            String spread) {
        this(
                name,
                memoryMib,
                cpus,
                boot,
                disks,
                networks,
                extras,
                base,
                memory,
                state,
                strict,
                spread,
                Hypervisor.AUTO,
                null,
                null);
    }

    /**
     * A disk.
     *
     * @param manifest id of the root chunk of the manifest it starts as, hex
     * @param readOnly whether the guest may not write
     * @param limit how much it may read and write
     */
    public record Disk(String manifest, boolean readOnly, DiskLimit limit) {
        public Disk {
            limit = limit == null ? DiskLimit.NONE : limit;
        }
    }

    /**
     * A network interface.
     *
     * @param bridge a bridge of the host, or null to be behind the host's own address
     * @param mac its address, or null until a host has chosen one
     * @param limitMbits most megabits a second each way; 0 for no limit
     * @param ports ports of the host that lead to it
     * @param address the IPv4 address that a host gave it, else null
     */
    public record Nic(String bridge, String mac, int mtu, int limitMbits, List<PortForward> ports, String address) {
        public Nic {
            ports = ports == null ? List.of() : List.copyOf(ports);
        }

        private static Nic of(VmSpec.Network network) {
            return new Nic(network.bridge(), network.mac(), network.mtu(), network.limitMbits(), network.ports(), null);
        }

        /** The same as a host made it. */
        Nic made(GuestNic nic) {
            String given = nic.address() == null ? null : nic.address().split("/", 2)[0];
            return new Nic(bridge, nic.mac(), mtu, limitMbits, ports, given);
        }

        /** What a host is to make. */
        NicSpec wanted() {
            return new NicSpec(bridge, mac, mtu, ports);
        }
    }

    /**
     * Looks names up.
     *
     * @throws ClusterException NOT_FOUND that names what is missing and what there is
     */
    public static ResolvedSpec of(
            VmSpec spec, Map<String, ImageEntry> images, Map<String, BaseEntry> bases, Kernels kernels) {
        List<Disk> disks = spec.disks().stream()
                .map(d -> new Disk(find("image", d.image(), images, spec.name()).manifest(), d.readOnly(), d.limit()))
                .toList();
        if (spec.base() == null) {
            ImageBoot start = start(spec, images);
            return new ResolvedSpec(
                    spec.name(),
                    spec.memoryMib(),
                    spec.cpus(),
                    spec.boot(),
                    disks,
                    spec.networks().stream().map(Nic::of).toList(),
                    extras(spec, images),
                    null,
                    null,
                    null,
                    spec.strict() || spec.extras().vsock(),
                    spec.spread(),
                    spec.hypervisor(),
                    start == null ? null : LinuxBoot.of(start, kernels, spec.name()),
                    workload(spec, start));
        }
        BaseEntry base = find("base", spec.base(), bases, spec.name());
        if (!disks.isEmpty()) {
            throw new ClusterException(
                    ErrorCode.USAGE, "VM " + spec.name() + " starts from a base, which has its disks: name no images");
        }
        if (!spec.networks().isEmpty() || !spec.extras().equals(Extras.NONE)) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "VM " + spec.name() + " starts from a base, whose devices are its disks alone: leave networks, rng,"
                            + " vsock, balloon, cd and volumes out");
        }
        if (!spec.workload().equals(Workload.OF_IMAGE)) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "VM " + spec.name() + " starts from a base, whose command runs already: leave command, env, secrets"
                            + " and health out");
        }
        if (spec.memoryMib() != 0 && spec.memoryMib() != base.memoryMib()) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "VM " + spec.name() + " starts from base " + spec.base() + ", which has " + base.memoryMib()
                            + " MiB of memory: leave memory out or give just that");
        }
        if (!spec.cpus().equals(Cpus.ONE) && !spec.cpus().equals(base.cpus())) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "VM " + spec.name() + " starts from base " + spec.base() + ", which has "
                            + base.cpus().count() + " CPUs ("
                            + base.cpus().template() + "): leave cpus and cpu out or give just that");
        }
        return new ResolvedSpec(
                spec.name(),
                base.memoryMib(),
                base.cpus(),
                Boot.TEST_GUEST,
                base.disks(),
                List.of(),
                Extras.NONE,
                spec.base(),
                base.memory(),
                base.state(),
                spec.strict(),
                spec.spread(),
                base.hypervisor(),
                base.linux(),
                base.workload());
    }

    /** How the first disk's image starts, or null if the VM starts something else. */
    private static ImageBoot start(VmSpec spec, Map<String, ImageEntry> images) {
        boolean other = spec.boot().kernel() != null
                || spec.extras().cd() != null
                || spec.disks().isEmpty();
        ImageBoot start = other ? null : images.get(spec.disks().get(0).image()).boot();
        boolean forAgent = !spec.workload().equals(Workload.OF_IMAGE)
                || !spec.extras().volumes().isEmpty();
        if (start == null && forAgent) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "VM " + spec.name()
                            + " has a command, environment, secrets, volumes or a health check, which only a"
                            + " VM takes that starts from an image with an agent in it: "
                            + (spec.disks().isEmpty() ? "name an image" : "'stardust image ls' shows which do"));
        }
        return start;
    }

    private static Workload workload(VmSpec spec, ImageBoot start) {
        if (start == null) {
            return null;
        }
        return start.workload() == null ? spec.workload() : spec.workload().over(start.workload());
    }

    private static Extras extras(VmSpec spec, Map<String, ImageEntry> images) {
        String cd = spec.extras().cd();
        return cd == null
                ? spec.extras()
                : spec.extras().withCd(find("image", cd, images, spec.name()).manifest());
    }

    private ResolvedSpec with(List<Nic> otherNetworks, Extras otherExtras, Hypervisor otherHypervisor) {
        return new ResolvedSpec(
                name,
                memoryMib,
                cpus,
                boot,
                disks,
                otherNetworks,
                otherExtras,
                base,
                memory,
                state,
                strict,
                spread,
                otherHypervisor,
                linux,
                workload);
    }

    /** The same with networks as a host has made them, addresses and all. */
    ResolvedSpec withNetworks(List<Nic> made) {
        return with(made, extras, hypervisor);
    }

    /** The same with these volumes. */
    public ResolvedSpec withVolumes(List<VolumeMount> volumes) {
        return with(networks, extras.withVolumes(volumes), hypervisor);
    }

    /** The hypervisor that its host must have, by its label; empty if any will do. */
    public String needs() {
        if (hypervisor != Hypervisor.AUTO) {
            return hypervisor.label();
        }
        return isTestGuest() ? Hypervisor.KVM.label() : "";
    }

    /** Whether it starts the built-in test guest, unless it starts from a base. */
    boolean isTestGuest() {
        return linux == null && boot.kernel() == null && extras.cd() == null;
    }

    /** The same on that hypervisor. */
    ResolvedSpec on(Hypervisor chosen) {
        return with(networks, extras, chosen);
    }

    /**
     * Refuses what needs the state of a VM where that cannot be saved, before anything is begun.
     *
     * @throws ClusterException REFUSED that says why
     */
    public void requireSavable() {
        if (boot.protocol() == BootSpec.Protocol.BIOS) {
            throw new ClusterException(
                    ErrorCode.REFUSED,
                    "VM " + name
                            + " was started by a BIOS, and the state of such a VM can be neither saved nor moved: start"
                            + " its CD without 'boot: bios' (--iso-boot=fast) if it is to move");
        }
        if (!extras.volumes().isEmpty()) {
            throw new ClusterException(
                    ErrorCode.REFUSED,
                    "VM " + name + " has volumes (" + volumeNames()
                            + "), which stay on their host: it can be neither moved nor kept as a base");
        }
    }

    private String volumeNames() {
        return extras.volumes().stream().map(VolumeMount::name).collect(Collectors.joining(", "));
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
