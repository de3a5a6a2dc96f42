package dev.stardust.vm.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The DHCP and name server of the guests behind NAT: dnsmasq, bound to the bridge alone. It knows each guest by its
 * address and answers nobody else. It goes on while its node is away, and the next node process finds it by its pid file.
 *
 * <p>Why a server: a distribution's image asks by DHCP, and few kernels still read an address from the command line.
 */
final class Dnsmasq {
    private final Path folder;
    private final String bridge;
    private final CommandRunner runner;

    /**
     * Makes one.
     *
     * @param folder its own, below which it keeps its files; made when needed
     */
    Dnsmasq(Path folder, String bridge, CommandRunner runner) {
        this.folder = folder;
        this.bridge = bridge;
        this.runner = runner;
    }

    private Path hostsFile() {
        return folder.resolve("hosts");
    }

    private Path pidFile() {
        return folder.resolve("pid");
    }

    /** Without a file of leases: an address follows from the guest's, and a renewal is granted by that alone. */
    static List<String> command(Path folder, String bridge, Subnet subnet) {
        return List.of(
                "dnsmasq",
                "--conf-file=/dev/null",
                "--no-hosts",
                "--interface=" + bridge,
                "--except-interface=lo",
                "--bind-interfaces",
                "--dhcp-authoritative",
                "--dhcp-range=" + Subnet.text(subnet.address()) + ",static," + subnet.netmask() + ",1h",
                "--dhcp-hostsfile=" + folder.resolve("hosts"),
                "--dhcp-lease-max=100000",
                "--leasefile-ro",
                "--quiet-dhcp",
                "--pid-file=" + folder.resolve("pid"));
    }

    /** One line for each guest; a VM's first interface has its name. */
    static String hosts(List<GuestNic> nics) {
        StringBuilder text = new StringBuilder();
        Set<String> named = new HashSet<>();
        for (GuestNic nic : nics) {
            text.append(nic.mac()).append(',').append(Subnet.text(nic.ip()));
            if (named.add(nic.vm())) {
                text.append(',').append(nic.vm());
            }
            text.append('\n');
        }
        return text.toString();
    }

    /** Serves these guests from now on. */
    void serve(Subnet subnet, List<GuestNic> nics) {
        writeHosts(hosts(nics));
        List<String> command = command(folder, bridge, subnet);
        Optional<ProcessHandle> running = running();
        if (running.isPresent() && PidFile.commandLine(running.get().pid()).equals(command)) {
            runner.run("kill", "-HUP", Long.toString(running.get().pid()));
            return;
        }
        running.ifPresent(PidFile::end);
        runner.run(command, ""); // It returns when the server is ready.
    }

    private void writeHosts(String text) {
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectory(folder);
            }
            // The server gives up root before it reads, whatever the node's umask.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path beside = folder.resolve("hosts.new");
            Files.writeString(beside, text, StandardCharsets.US_ASCII);
            Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-r--r--"));
            Files.move(beside, hostsFile(), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new NetworkException("cannot write the guests' addresses below " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Ends the server, if there is one, and removes its files. */
    void stop() {
        running().ifPresent(PidFile::end);
        try {
            for (String name : List.of("hosts.new", "hosts", "pid")) {
                Files.deleteIfExists(folder.resolve(name));
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            throw new NetworkException("cannot remove " + folder + ": " + e.getMessage(), e);
        }
    }

    private Optional<ProcessHandle> running() {
        return PidFile.process(pidFile(), "--pid-file=" + pidFile());
    }
}
