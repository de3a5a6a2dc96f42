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
import java.time.Duration;
import java.util.List;

/**
 * Linux with two networks. Behind the node's NAT it gets its address by DHCP, reaches the host, and under the host's address
 * somebody outside, who reaches it by a forwarded port. On a bridge that the host has it reaches the host, and it and another
 * machine there reach each other. Afterwards nothing of it is left on the host but that bridge.
 */
final class NetworksCase implements LinuxCase {
    private static final String VM = "linux";
    private static final String SUBNET_OUTSIDE = "198.51.100.";
    private static final String HOST_OUTSIDE = SUBNET_OUTSIDE + 1;
    private static final int FORWARDED = 8080;
    private static final String SUBNET_OF_BRIDGE = "10.67.0.";
    private static final String GUEST_ON_BRIDGE = SUBNET_OF_BRIDGE + 9;
    private static final String MAC_ON_BRIDGE = "02:53:44:00:00:07";

    @Override
    public String name() {
        return "networks";
    }

    @Override
    public boolean hasNodeParts() {
        return true;
    }

    @Override
    public Duration limit() {
        return Duration.ofMinutes(2);
    }

    @Override
    public String guestCommands() {
        return Neighbour.COMMANDS
                + """
                load virtio_mmio
                load virtio_net
                ping_host() { ping -c 3 -W 5 "$2" | grep -q ' 0% packet loss' && echo "$1 pinged the host"; }
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
                ping_host nat "$(cat /tmp/router)"
                meet nat 198.51.100.2
                echo "bridged address: $(cat /sys/class/net/eth1/address)"
                ip addr add 10.67.0.9/24 dev eth1
                ip link set eth1 up
                ping_host bridged 10.67.0.1
                meet bridged 10.67.0.2
                """;
    }

    @Override
    public void run(LabContext lab) throws Exception {
        HostNetwork host = GuestNetwork.of(lab, name());
        try (Network outside = Network.create("labout", SUBNET_OUTSIDE);
                Network bridge = Network.create("labbr", SUBNET_OF_BRIDGE)) {
            Neighbour stranger = new Neighbour("nat", outside.add("x"));
            Neighbour neighbour = new Neighbour("bridged", bridge.add("x"));
            try {
                GuestNic nat = host.attach(VM, 0, nat(), null);
                GuestNic bridged = host.attach(
                        VM, 1, new NicSpec(bridge.bridge(), MAC_ON_BRIDGE, NicSpec.DEFAULT_MTU, List.of()), null);
                LabGuest guest = lab.start(
                        LinuxGuest.spec(lab, VM),
                        List.of(GuestNetwork.device("nat", nat), GuestNetwork.device("bridged", bridged)));
                behindNat(guest, nat, stranger);
                onBridge(guest, neighbour);
                guest.awaitEnd();
            } finally {
                host.detach(VM);
            }
            LabContext.check(GuestNetwork.exists(bridge.bridge()), "a bridge that is not ours is gone");
        }
        LabContext.check(!GuestNetwork.exists(GuestNetwork.NAT_BRIDGE), "the bridge of the NAT is left behind");
        LabContext.check(
                !new ProcessRunner().run("nft", "list", "tables").contains(GuestNetwork.NAT_BRIDGE),
                "the rules are left behind");
    }

    private static NicSpec nat() {
        return new NicSpec(null, null, NicSpec.DEFAULT_MTU, List.of(new PortForward(FORWARDED, Neighbour.GUEST_PORT)));
    }

    private static void behindNat(LabGuest guest, GuestNic nic, Neighbour stranger) throws Exception {
        LabContext.check(
                guest.awaitLine("dhcp: ").equals("dhcp: " + nic.address() + " via " + nic.gateway()),
                "DHCP gave something else than " + nic);
        guest.awaitLine("nat pinged the host");
        stranger.exchange(guest, HOST_OUTSIDE, HOST_OUTSIDE, FORWARDED);
    }

    private static void onBridge(LabGuest guest, Neighbour neighbour) throws Exception {
        LabContext.check(
                guest.awaitLine("bridged address: ").equals("bridged address: " + MAC_ON_BRIDGE),
                "the MAC is not as given");
        guest.awaitLine("bridged pinged the host");
        neighbour.exchange(guest, GUEST_ON_BRIDGE, GUEST_ON_BRIDGE, Neighbour.GUEST_PORT);
    }
}
