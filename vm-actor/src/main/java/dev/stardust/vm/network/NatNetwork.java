package dev.stardust.vm.network;

import java.util.List;

/** The bridge, rules and address server that all guests behind NAT share. Each step may be repeated. */
final class NatNetwork {
    /** The host's address on every such bridge, so that a guest that was moved finds its gateway where it was. */
    static final String GATEWAY_MAC = "02:53:44:00:00:01";

    private static final String FORWARDING = "net.ipv4.ip_forward";

    private final NetworkSettings settings;
    private final CommandRunner runner;
    private final Dnsmasq dnsmasq;
    private final String alias;

    NatNetwork(NetworkSettings settings, CommandRunner runner) {
        this.settings = settings;
        this.runner = runner;
        dnsmasq = new Dnsmasq(settings.runFolder(), settings.bridge(), runner);
        alias = "stardust:" + settings.nodeId();
    }

    /** The subnet that is to be used. */
    Subnet chooseSubnet() {
        return settings.subnet() != null
                ? settings.subnet()
                : SubnetChoice.choose(runner.run("ip", "-json", "-4", "route", "show", "table", "all"));
    }

    /** What the host does now with packets that are not its own: 1 for passing them on. */
    String forwarding() {
        return runner.run("sysctl", "-n", FORWARDING).strip();
    }

    /**
     * Makes bridge and rules, or brings them to what they should be.
     *
     * @throws NetworkException if the bridge's name is taken by somebody else
     */
    void make(HostLinks bridges, Subnet subnet, List<GuestNic> nics) {
        String bridge = settings.bridge();
        boolean present = bridges.has(bridge);
        if (present && !isOurs(bridges.link(bridge))) {
            throw new NetworkException("there is a bridge " + bridge + " that this node did not make: give the node"
                    + " another name for its bridge, or remove it with 'ip link delete " + bridge + "'");
        }
        if (!present) {
            runner.run("ip", "link", "add", "name", bridge, "address", GATEWAY_MAC, "type", "bridge");
        }
        // A guest that advertises itself as a router of IPv6 must not become the host's.
        runner.run("sysctl", "-q", "-e", "-w", "net.ipv6.conf." + bridge + ".disable_ipv6=1");
        String address = Subnet.text(subnet.gateway()) + "/" + subnet.prefixLength();
        runner.run(
                List.of("ip", "-batch", "-"),
                "link set dev " + bridge + " alias " + alias + "\n"
                        + "address replace " + address + " dev " + bridge + "\n"
                        + "link set dev " + bridge + " up\n");
        if (!forwarding().equals("1")) {
            runner.run("sysctl", "-q", "-w", FORWARDING + "=1");
        }
        update(subnet, nics, true);
    }

    /**
     * Tells the address server about these guests; the bridge is there.
     *
     * @param rules whether the rules are to be brought to them too
     */
    void update(Subnet subnet, List<GuestNic> nics, boolean rules) {
        if (rules) {
            runner.run(List.of("nft", "-f", "-"), NatRules.install(settings.bridge(), subnet, nics));
        }
        if (settings.dhcp()) {
            dnsmasq.serve(subnet, nics);
        }
    }

    /** Removes what {@link #make} made, or what is left of it; nothing if the bridge of that name is another's. */
    void remove(HostLinks bridges, String forwardingBefore) {
        String bridge = settings.bridge();
        boolean present = bridges.has(bridge);
        if (present && !isOurs(bridges.link(bridge))) {
            return;
        }
        dnsmasq.stop();
        runner.run(List.of("nft", "-f", "-"), NatRules.remove(bridge));
        if (present) {
            // Without the bridge, as after a reboot, forwarding is no more what we made it.
            if (!forwardingBefore.equals("1")) {
                runner.run("sysctl", "-q", "-w", FORWARDING + "=" + forwardingBefore);
            }
            runner.run("ip", "link", "delete", "dev", bridge);
        }
    }

    /** The alias comes a moment after the bridge; a crash between the two leaves one with our address and no alias. */
    private boolean isOurs(HostLinks.Link link) {
        return link.alias().equals(alias)
                || (link.alias().isEmpty() && link.mac().equals(GATEWAY_MAC));
    }
}
