package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.net.NetDevice;
import dev.stardust.hypervisor.virtio.net.NetSettings;
import dev.stardust.hypervisor.virtio.net.TapBackend;
import dev.stardust.vm.network.GuestNic;
import dev.stardust.vm.network.HostNetwork;
import dev.stardust.vm.network.NetworkSettings;
import dev.stardust.vm.network.ProcessRunner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Set;

/** A node's networks for the guests of a case. */
final class GuestNetwork {
    /** The bridge for NAT, which no node has. */
    static final String NAT_BRIDGE = "labnat0";

    private GuestNetwork() {}

    /**
     * The networks of a host that has none yet.
     *
     * @param node its id
     */
    static HostNetwork of(LabContext lab, String node) {
        HostNetwork network = new HostNetwork(
                new NetworkSettings(
                        node,
                        lab.folder().resolve("network.json"),
                        Path.of("/run/stardust-" + NAT_BRIDGE),
                        null,
                        NAT_BRIDGE,
                        null,
                        true),
                new ProcessRunner());
        network.recover(Set.of());
        return network;
    }

    /** The device of a guest's interface. */
    static DevicePart device(String name, GuestNic nic) {
        byte[] mac = HexFormat.ofDelimiter(":").parseHex(nic.mac());
        return new DevicePart(name, new NetDevice(TapBackend.open(nic.tap()), new NetSettings(mac, nic.mtu())));
    }

    /** Whether the host has an interface of that name. */
    static boolean exists(String networkInterface) {
        return Files.exists(Path.of("/sys/class/net", networkInterface));
    }
}
