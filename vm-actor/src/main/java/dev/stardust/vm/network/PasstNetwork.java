package dev.stardust.vm.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * Guests behind NAT where the node has no rights to make networks: a passt(1) for each interface, which passes frames of
 * a unix socket on as ordinary sockets of its user, and gives the guest its address by DHCP. It goes on while its node is
 * away and ends with the machine that is connected to it.
 *
 * <p>Guests do not see each other, nor what listens on the host's loopback address alone.
 */
final class PasstNetwork {
    private static final Subnet SUBNET = Subnet.parse("10.213.0.0/20");

    private PasstNetwork() {}

    /**
     * An interface that is to be started. Each guest is alone in its subnet, so that any address is free.
     *
     * @param folder where sockets and pid files are; made when needed
     */
    static GuestNic nic(Path folder, String vm, int index, NicSpec spec, String mac, String wantedAddress) {
        String address = wantedAddress == null ? Subnet.text(SUBNET.gateway() + 1) : wantedAddress;
        return new GuestNic(
                vm,
                index,
                null,
                folder.resolve(vm + "-" + index + ".sock").toString(),
                null,
                mac,
                spec.mtu(),
                address + "/" + SUBNET.prefixLength(),
                Subnet.text(SUBNET.gateway()),
                spec.ports());
    }

    /** Starts its passt, in place of one that is left; it listens when this returns. */
    static void start(GuestNic nic, CommandRunner runner) {
        stop(nic);
        Path folder = Path.of(nic.socket()).getParent();
        try {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new NetworkException("cannot make " + folder + ": " + e.getMessage(), e);
        }
        runner.run(command(nic, userId()), ""); // It returns when passt is in the background.
    }

    static List<String> command(GuestNic nic, int userId) {
        List<String> command = new ArrayList<>(List.of(
                "passt",
                "--one-off",
                "--quiet",
                "--ipv4-only",
                "--socket",
                nic.socket(),
                "--pid",
                pidFile(nic).toString(),
                "--mtu",
                Integer.toString(nic.mtu()),
                "--address",
                Subnet.text(nic.ip()),
                "--netmask",
                Integer.toString(SUBNET.prefixLength()),
                "--gateway",
                nic.gateway(),
                "--mac-addr",
                NatNetwork.GATEWAY_MAC,
                // Else the gateway's address would lead to what listens on the host's loopback address.
                "--no-map-gw"));
        if (userId == 0) {
            // It would become nobody, who cannot make the socket here.
            command.addAll(List.of("--runas", "0"));
        }
        for (PortForward port : nic.ports()) {
            command.addAll(List.of("--tcp-ports", port.hostPort() + ":" + port.guestPort()));
        }
        return command;
    }

    /** Ends its passt, if there is one, and removes its files. */
    static void stop(GuestNic nic) {
        PidFile.process(pidFile(nic), nic.socket()).ifPresent(PidFile::end);
        try {
            Files.deleteIfExists(Path.of(nic.socket()));
            Files.deleteIfExists(pidFile(nic));
        } catch (IOException e) {
            throw new NetworkException("cannot remove " + nic.socket() + ": " + e.getMessage(), e);
        }
    }

    private static Path pidFile(GuestNic nic) {
        return Path.of(nic.socket().replaceFirst("\\.sock$", ".pid"));
    }

    private static int userId() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException e) {
            throw new NetworkException("cannot read /proc/self: " + e.getMessage(), e);
        }
    }
}
