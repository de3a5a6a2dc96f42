package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.chaos.net.Network;
import dev.stardust.vm.network.GuestNic;
import dev.stardust.vm.network.HostNetwork;
import dev.stardust.vm.network.NicSpec;
import dev.stardust.vm.network.PortForward;
import dev.stardust.vm.network.ProcessRunner;
import java.util.List;

/**
 * Linux behind a node's NAT: it gets its address by DHCP, reaches the host, and under the host's address somebody
 * outside, who reaches it by a forwarded port. Afterwards nothing of it is left on the host.
 */
final class NatCase implements LinuxCase {
    private static final String VM = "linux";
    private static final String SUBNET_OUTSIDE = "198.51.100.";
    private static final String HOST_OUTSIDE = SUBNET_OUTSIDE + 1;
    private static final int FORWARDED = 8080;

    @Override
    public String name() {
        return "nat";
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
                cat > /bin/dhcp-event <<'END'
                #!/bin/sh
                if [ "$1" = bound ]; then
                  ip addr add "$ip/$mask" dev "$interface"
                  ip route add default via "$router"
                  echo "$router" > /tmp/router
                  echo "dhcp: $ip/$mask via $router"
                fi
                END
                chmod +x /bin/dhcp-event
                ip link set eth0 up
                udhcpc -i eth0 -n -q -t 10 -s /bin/dhcp-event > /tmp/udhcpc 2>&1
                grep '^dhcp: ' /tmp/udhcpc || cat /tmp/udhcpc
                ping -c 3 -W 5 "$(cat /tmp/router)" | grep -q ' 0% packet loss' && echo "pinged the host"
                neighbour=198.51.100.2
                """
                + Neighbour.COMMANDS;
    }

    @Override
    public void run(LabContext lab) throws Exception {
        HostNetwork host = GuestNetwork.of(lab, name());
        try (Network outside = Network.create("labout", SUBNET_OUTSIDE)) {
            Neighbour neighbour = new Neighbour(outside.add("x"));
            try {
                GuestNic nic = host.attach(
                        VM,
                        0,
                        new NicSpec(
                                null,
                                null,
                                NicSpec.DEFAULT_MTU,
                                List.of(new PortForward(FORWARDED, Neighbour.GUEST_PORT))),
                        null);
                run(lab, nic, neighbour);
            } finally {
                host.detach(VM);
            }
        }
        LabContext.check(!GuestNetwork.exists(GuestNetwork.NAT_BRIDGE), "the bridge is left behind");
        LabContext.check(
                !new ProcessRunner().run("nft", "list", "tables").contains(GuestNetwork.NAT_BRIDGE),
                "the rules are left behind");
    }

    private static void run(LabContext lab, GuestNic nic, Neighbour neighbour) throws Exception {
        LabGuest guest = lab.start(LinuxGuest.spec(lab, VM), GuestNetwork.device(nic));
        LabContext.check(
                guest.awaitLine("dhcp: ").equals("dhcp: " + nic.address() + " via " + nic.gateway()),
                "DHCP gave something else than " + nic);
        guest.awaitLine("pinged the host");
        neighbour.exchange(guest, HOST_OUTSIDE, HOST_OUTSIDE, FORWARDED);
        guest.awaitEnd();
    }
}
