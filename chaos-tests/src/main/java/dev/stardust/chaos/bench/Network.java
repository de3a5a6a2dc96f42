package dev.stardust.chaos.bench;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Network namespaces on one bridge: each stands for a host, and the far end of its veth pair counts what it sends.
 * This process reaches them by the bridge. Needs root and iproute2.
 */
final class Network implements AutoCloseable {
    private static final String PREFIX = "sdb";
    private static final String BRIDGE = PREFIX + "-br";
    private static final String SUBNET = "10.213.0.";
    private static final String MASK = "/24";
    private static final int TIMEOUT_S = 20;

    private final List<Namespace> namespaces = new ArrayList<>();

    /**
     * A host of the network.
     *
     * @param name of the namespace
     * @param address its address on the bridge
     * @param veth the end of its pair that is at the bridge
     */
    record Namespace(String name, String address, String veth) {
        /** A command that runs in here; as {@code nsenter} becomes it, it keeps its process id. */
        List<String> wrap(List<String> command) {
            List<String> all = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + name, "--"));
            all.addAll(command);
            return all;
        }

        /** Bytes that this host has sent so far. */
        long sentBytes() {
            // What the host sends is what the bridge's end of the pair receives.
            return counter("rx_bytes");
        }

        /** Bytes that this host has received so far. */
        long receivedBytes() {
            return counter("tx_bytes");
        }

        private long counter(String name) {
            Path file = Path.of("/sys/class/net/" + veth + "/statistics/" + name);
            try {
                return Long.parseLong(Files.readString(file).strip());
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + file, e);
            }
        }
    }

    /** Makes the bridge. On failure nothing is left. */
    static Network create() {
        if (Files.exists(Path.of("/sys/class/net/" + BRIDGE))) {
            throw new ToolException(
                    ToolException.CONFLICT,
                    "the bridge " + BRIDGE + " is there already: another benchmark runs, or one was killed. If none"
                            + " runs: for n in $(ip netns list | grep -o '^" + PREFIX + "-[a-z0-9-]*'); do ip netns del"
                            + " $n; done; ip link del " + BRIDGE);
        }
        Network network = new Network();
        try {
            ip("link", "add", BRIDGE, "type", "bridge");
            ip("addr", "add", SUBNET + "1" + MASK, "dev", BRIDGE);
            ip("link", "set", BRIDGE, "up");
        } catch (RuntimeException e) {
            network.close();
            throw e;
        }
        return network;
    }

    /** Adds a host. */
    Namespace add(String host) {
        int number = namespaces.size() + 2;
        Namespace added = new Namespace(PREFIX + "-" + host, SUBNET + number, PREFIX + number);
        namespaces.add(added);
        ip("netns", "add", added.name());
        ip("link", "add", added.veth(), "type", "veth", "peer", "name", "eth0", "netns", added.name());
        ip("link", "set", added.veth(), "master", BRIDGE, "up");
        ip("-n", added.name(), "addr", "add", added.address() + MASK, "dev", "eth0");
        ip("-n", added.name(), "link", "set", "eth0", "up");
        ip("-n", added.name(), "link", "set", "lo", "up");
        return added;
    }

    private static void ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        External.run(TIMEOUT_S, command);
    }

    @Override
    public void close() {
        for (Namespace n : namespaces) {
            // The pair goes with either end; a namespace lives on while a process is in it, its pair must not.
            if (Files.exists(Path.of("/sys/class/net/" + n.veth()))) {
                ip("link", "del", n.veth());
            }
            if (Files.exists(Path.of("/run/netns/" + n.name()))) {
                ip("netns", "del", n.name());
            }
        }
        namespaces.clear();
        if (Files.exists(Path.of("/sys/class/net/" + BRIDGE))) {
            ip("link", "del", BRIDGE);
        }
    }
}
