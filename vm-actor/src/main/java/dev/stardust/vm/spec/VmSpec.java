package dev.stardust.vm.spec;

import dev.stardust.vm.network.PortForward;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one VM is to be.
 *
 * @param base name of a base that its RAM starts from, or null
 * @param memoryMib RAM in MiB; 0 means as much as the base has
 * @param boot what it starts, if not from a base
 * @param networks its network interfaces
 * @param extras its other devices
 * @param strict whether it gets a worker process of its own
 * @param spread name of a group whose VMs should run on different hosts, or null
 * @param hypervisor what runs it
 * @param workload what runs in its guest, what is not given is the image's
 */
public record VmSpec(
        String name,
        String base,
        int memoryMib,
        Cpus cpus,
        Boot boot,
        List<Disk> disks,
        List<Network> networks,
        Extras extras,
        boolean strict,
        Map<String, String> labels,
        String spread,
        Hypervisor hypervisor,
        Workload workload) {
    public VmSpec {
        disks = List.copyOf(disks);
        networks = List.copyOf(networks);
        labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    }

    /** A disk that starts as a copy of an image. */
    public record Disk(String image, boolean readOnly, DiskLimit limit) {}

    /**
     * A network interface.
     *
     * @param bridge a bridge of the host that it is on, or null to be behind the host's own address
     * @param mac its address, or null for one that follows from host and VM
     * @param mtu most bytes of an IP packet
     * @param limitMbits most megabits a second each way; 0 for no limit
     * @param ports ports of the host that lead to it
     */
    public record Network(String bridge, String mac, int mtu, int limitMbits, List<PortForward> ports) {
        public Network {
            ports = List.copyOf(ports);
        }
    }

    /** The same with another name. */
    VmSpec named(String other) {
        return new VmSpec(
                other,
                base,
                memoryMib,
                cpus,
                boot,
                disks,
                networks,
                extras,
                strict,
                labels,
                spread,
                hypervisor,
                workload);
    }
}
