package dev.stardust.vm.network;

import java.util.List;

/**
 * A network interface of a VM as the host made it.
 *
 * @param index which of the VM's interfaces, from 0
 * @param tap name of the tap that the VMM opens, or null if it connects to a socket
 * @param socket path of the socket that the VMM connects to, or null if there is a tap
 * @param bridge the bridge that the tap is a port of, or null
 * @param mac the guest's address
 * @param address the guest's IPv4 address with its prefix like 10.213.0.2/20, which DHCP gives it, or null if others do
 * @param gateway the host's address there, which is also a name server, or null
 * @param ports ports of the host that lead to it
 */
public record GuestNic(
        String vm,
        int index,
        String tap,
        String socket,
        String bridge,
        String mac,
        int mtu,
        String address,
        String gateway,
        List<PortForward> ports) {
    public GuestNic {
        ports = List.copyOf(ports);
    }

    /** Whether it is on the node's own bridge, behind the host's address. */
    boolean behindNat() {
        return address != null && socket == null;
    }

    /**
     * The address of the host's end. A bridge without an address of its own takes the lowest of its ports': a tap must not
     * change, as it comes and goes, whom the guests hold for their gateway.
     */
    String tapMac() {
        return "fe" + mac.substring(2);
    }

    /** The address without its prefix. */
    int ip() {
        return Subnet.parseAddress(address.substring(0, address.indexOf('/')));
    }
}
