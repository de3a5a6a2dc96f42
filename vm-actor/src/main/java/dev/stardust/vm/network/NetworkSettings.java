package dev.stardust.vm.network;

import java.nio.file.Path;

/**
 * How a node's guests get their networks.
 *
 * @param nodeId the node's id, by which it knows its own interfaces
 * @param stateFile where it keeps what it made, in its data folder
 * @param runFolder a folder of its own that every user can reach, for the DHCP server, such as {@code /run/stardust-sdbr0}
 * @param passtFolder a folder of its own, for the sockets of passt, or null if the node may make bridges and rules
 * @param bridge name of the bridge that it makes for NAT; each node of a machine needs its own
 * @param subnet addresses of the guests behind NAT, or null for the first of 10.213.0.0/20, 10.213.16.0/20 and so on
 *     that the host has no route to
 * @param dhcp whether they get their addresses by DHCP; otherwise something in the guest sets them
 */
public record NetworkSettings(
        String nodeId, Path stateFile, Path runFolder, Path passtFolder, String bridge, Subnet subnet, boolean dhcp) {
    /** The usual name of the bridge. */
    public static final String DEFAULT_BRIDGE = "sdbr0";

    private static final int MIN_PREFIX = 8;
    private static final int MAX_PREFIX = 29;

    public NetworkSettings {
        InterfaceNames.requireName(bridge);
        if (subnet != null && (subnet.prefixLength() < MIN_PREFIX || subnet.prefixLength() > MAX_PREFIX)) {
            throw new IllegalArgumentException(
                    "the subnet " + subnet + ": give a prefix of " + MIN_PREFIX + " to " + MAX_PREFIX + " bits");
        }
    }
}
