package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.chaos.net.Network;
import dev.stardust.vm.network.GuestNic;
import dev.stardust.vm.network.HostNetwork;
import dev.stardust.vm.network.NicSpec;

/** Linux on a bridge that the host has: it reaches the host, and it and another machine there reach each other. */
final class BridgedCase implements LinuxCase {
    private static final String VM = "linux";
    private static final String SUBNET = "10.67.0.";
    private static final String GUEST = SUBNET + 9;

    @Override
    public String name() {
        return "bridged";
    }

    @Override
    public boolean hasNodeParts() {
        return true;
    }

    @Override
    public String guestCommands() {
        return """
                load virtio_mmio
                load virtio_net
                ip addr add 10.67.0.9/24 dev eth0
                ip link set eth0 up
                ping -c 3 -W 5 10.67.0.1 | grep -q ' 0% packet loss' && echo "pinged the host"
                neighbour=10.67.0.2
                """
                + Neighbour.COMMANDS;
    }

    @Override
    public void run(LabContext lab) throws Exception {
        HostNetwork host = GuestNetwork.of(lab, name());
        try (Network network = Network.create("labbr", SUBNET)) {
            Neighbour neighbour = new Neighbour(network.add("x"));
            try {
                run(lab, host.attach(VM, 0, NicSpec.bridged(network.bridge()), null), neighbour);
            } finally {
                host.detach(VM);
            }
            LabContext.check(GuestNetwork.exists(network.bridge()), "a bridge that is not ours is gone");
        }
    }

    private static void run(LabContext lab, GuestNic nic, Neighbour neighbour) throws Exception {
        LabGuest guest = lab.start(LinuxGuest.spec(lab, VM), GuestNetwork.device(nic));
        guest.awaitLine("pinged the host");
        neighbour.exchange(guest, GUEST, GUEST, Neighbour.GUEST_PORT);
        guest.awaitEnd();
    }
}
