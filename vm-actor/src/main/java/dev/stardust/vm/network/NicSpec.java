package dev.stardust.vm.network;

import java.util.List;
import java.util.regex.Pattern;

/**
 * What a VM's network is to be.
 *
 * @param bridge an existing bridge of the host that the guest is to be on, or null to be behind the host's own address
 * @param mac the guest's address like 02:53:44:00:01:02, or null for one that follows from node and VM
 * @param mtu most bytes of an IP packet
 * @param ports ports of the host that lead to the guest; none with a bridge, where it has an address of its own
 */
public record NicSpec(String bridge, String mac, int mtu, List<PortForward> ports) {
    /** What most networks have. */
    public static final int DEFAULT_MTU = 1500;

    private static final Pattern MAC = Pattern.compile("[0-9a-f][02468ace](:[0-9a-f]{2}){5}");
    private static final int MIN_MTU = 68;
    private static final int MAX_MTU = 65_521;

    public NicSpec {
        ports = List.copyOf(ports);
        if (bridge != null) {
            InterfaceNames.requireName(bridge);
        }
        if (mac != null && !MAC.matcher(mac).matches()) {
            throw new IllegalArgumentException(
                    "the address '" + mac + "' is not like 02:53:44:00:01:02, lower case, its first byte even");
        }
        if (mtu < MIN_MTU || mtu > MAX_MTU) {
            throw new IllegalArgumentException("an MTU of " + mtu + ": give " + MIN_MTU + " to " + MAX_MTU);
        }
        if (bridge != null && !ports.isEmpty()) {
            throw new IllegalArgumentException("ports are only forwarded to guests without a bridge");
        }
    }

    /** A network behind the host's own address. */
    public static NicSpec nat() {
        return new NicSpec(null, null, DEFAULT_MTU, List.of());
    }

    /** A network on an existing bridge. */
    public static NicSpec bridged(String bridge) {
        return new NicSpec(bridge, null, DEFAULT_MTU, List.of());
    }
}
