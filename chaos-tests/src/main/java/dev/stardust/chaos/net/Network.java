package dev.stardust.chaos.net;

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
public final class Network implements AutoCloseable {
    private static final String MASK = "/24";
    private static final int TIMEOUT_S = 20;

    private final String prefix;
    private final String bridge;
    private final String subnet;
    private final List<Namespace> namespaces = new ArrayList<>();

    private Network(String prefix, String subnet) {
        this.prefix = prefix;
        this.bridge = prefix + "-br";
        this.subnet = subnet;
    }

    /**
     * A host of the network.
     *
     * @param name of the namespace
     * @param address its address on the bridge
     * @param veth the end of its pair that is at the bridge
     */
    public record Namespace(String name, String address, String veth) {
        /** A command that runs in here; as {@code nsenter} becomes it, it keeps its process id. */
        public List<String> wrap(List<String> command) {
            List<String> all = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + name, "--"));
            all.addAll(command);
            return all;
        }

        /** Bytes that this host has sent so far. */
        public long sentBytes() {
            // What the host sends is what the bridge's end of the pair receives.
            return counter("rx_bytes");
        }

        /** Bytes that this host has received so far. */
        public long receivedBytes() {
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

    /**
     * Makes the bridge. On failure nothing is left.
     *
     * @param prefix begins the names of all that is made, at most 10 characters, no other network's
     * @param subnet the first three numbers of the addresses, like {@code 10.213.0.}
     */
    public static Network create(String prefix, String subnet) {
        Network network = new Network(prefix, subnet);
        if (Files.exists(Path.of("/sys/class/net/" + network.bridge))) {
            throw new ToolException(
                    ToolException.CONFLICT,
                    "the bridge " + network.bridge
                            + " is there already: another of these runs, or one was killed. If none"
                            + " runs: for n in $(ip netns list | grep -o '^" + prefix + "-[a-z0-9-]*'); do ip netns del"
                            + " $n; done; ip link del " + network.bridge);
        }
        try {
            ip("link", "add", network.bridge, "type", "bridge");
            ip("addr", "add", subnet + "1" + MASK, "dev", network.bridge);
            ip("link", "set", network.bridge, "up");
        } catch (RuntimeException e) {
            network.close();
            throw e;
        }
        return network;
    }

    /** The bridge's name. */
    public String bridge() {
        return bridge;
    }

    /** Adds a host. */
    public Namespace add(String host) {
        int number = namespaces.size() + 2;
        Namespace added = new Namespace(prefix + "-" + host, subnet + number, prefix + number);
        namespaces.add(added);
        ip("netns", "add", added.name());
        ip("link", "add", added.veth(), "type", "veth", "peer", "name", "eth0", "netns", added.name());
        ip("link", "set", added.veth(), "master", bridge, "up");
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
        if (Files.exists(Path.of("/sys/class/net/" + bridge))) {
            ip("link", "del", bridge);
        }
    }
}
