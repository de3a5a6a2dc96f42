package dev.stardust.vm.network;

import java.util.List;

/**
 * The nftables table of a node's NAT, as a script for {@code nft -f} that puts all of it in the place of what was there,
 * at once. Guests reach what the host reaches, under its address; nobody outside reaches them but by a forwarded port;
 * the host itself reaches all of them.
 */
final class NatRules {
    private NatRules() {}

    static String table(String bridge) {
        return "stardust_" + bridge;
    }

    static String install(String bridge, Subnet subnet, List<GuestNic> nics) {
        String ports = ports(nics);
        return remove(bridge)
                + """
                table ip %s {
                  chain from_outside {
                    type nat hook prerouting priority dstnat; policy accept;
                %s  }
                  chain from_host {
                    type nat hook output priority -100; policy accept;
                %s  }
                  chain to_outside {
                    type nat hook postrouting priority srcnat; policy accept;
                    ip saddr %s ip daddr != %s masquerade
                  }
                  chain forward {
                    type filter hook forward priority filter; policy accept;
                    iifname "%s" ip saddr != %s drop
                    iifname "%s" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
                    oifname "%s" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
                    iifname "%s" accept
                    oifname "%s" ct state established,related accept
                    oifname "%s" ct status dnat accept
                    oifname "%s" drop
                  }
                }
                """
                        .formatted(
                                table(bridge),
                                ports,
                                ports,
                                subnet,
                                subnet,
                                bridge,
                                subnet,
                                bridge,
                                bridge,
                                bridge,
                                bridge,
                                bridge,
                                bridge);
    }

    private static String ports(List<GuestNic> nics) {
        StringBuilder text = new StringBuilder();
        for (GuestNic nic : nics) {
            for (PortForward port : nic.ports()) {
                // A connection to the loopback address could not be answered from elsewhere.
                text.append("    ip daddr != 127.0.0.0/8 fib daddr type local tcp dport ")
                        .append(port.hostPort())
                        .append(" dnat to ")
                        .append(Subnet.text(nic.ip()))
                        .append(':')
                        .append(port.guestPort())
                        .append('\n');
            }
        }
        return text.toString();
    }

    /** Removes the table, also if there is none: it is made before. */
    static String remove(String bridge) {
        return "table ip " + table(bridge) + " {\n}\ndelete table ip " + table(bridge) + "\n";
    }
}
