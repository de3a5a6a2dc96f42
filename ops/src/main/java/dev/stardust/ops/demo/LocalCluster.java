package dev.stardust.ops.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.launch.NodeProcess;
import dev.stardust.ops.launch.TokenFile;
import dev.stardust.ops.node.SharedFolder;
import dev.stardust.vm.worker.FileTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** Nodes as real processes on this machine: own ports, data and Aeron folders. Used by the demo and the chaos tests. */
public final class LocalCluster implements AutoCloseable {
    private static final int PORTS_PER_NODE = 10;

    /** Below what the kernel gives to connections, 32,768 and up. */
    private static final int FIRST_PORT_BASE = 17_700;

    private static final int PORT_BASE_STEP = 100;
    private static final int PORT_BASES = 140;
    private static final String NODE_MAIN = "dev.stardust.ops.node.NodeMain";
    private static final String WORKER_MAIN = "dev.stardust.ops.node.WorkerMain";

    private final Path folder;
    private final Path tokenFile;
    private final String token;
    private final List<Member> members = new ArrayList<>();

    /**
     * A node of the cluster.
     *
     * @param name the host's name
     * @param address where its ports are
     * @param portBase its first port
     * @param data its data folder
     * @param wrap puts a command line around the node's, for example a network namespace
     */
    public record Member(String name, String address, int portBase, Path data, UnaryOperator<List<String>> wrap) {
        /** Where its guests' serial output is. */
        public Path serialLog(String vm) {
            return vmFolder(vm).resolve("serial.log");
        }

        /** Where it keeps a VM. */
        public Path vmFolder(String vm) {
            return data.resolve("vms").resolve(vm);
        }

        /** There once a guest that came by a migration was about to run. */
        public Path startedMark(String vm) {
            return data.resolve("records").resolve(vm).resolve("started");
        }
    }

    /** A cluster whose nodes will live below {@code folder}, which must exist. */
    public LocalCluster(Path folder) throws IOException {
        this.folder = folder.toRealPath();
        this.tokenFile = this.folder.resolve("token");
        this.token = TokenFile.loadOrCreate(tokenFile);
    }

    /** The folder that holds all of it. */
    public Path folder() {
        return folder;
    }

    /** The file with the API token that all nodes share. */
    public Path tokenFile() {
        return tokenFile;
    }

    /** All nodes that were added. */
    public List<Member> members() {
        return List.copyOf(members);
    }

    /** The node with this name. */
    public Member member(String name) {
        return members.stream()
                .filter(m -> m.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no node " + name));
    }

    /** Adds node {@code node-N} on loopback without starting it; ports are {@code portBase + 10 * (N - 1)} and on. */
    public Member add(int number, int portBase) {
        return add("node-" + number, "127.0.0.1", portBase + PORTS_PER_NODE * (number - 1), UnaryOperator.identity());
    }

    /** Adds a node without starting it. */
    public Member add(String name, String address, int portBase, UnaryOperator<List<String>> wrap) {
        Member member = new Member(name, address, portBase, folder.resolve(name), wrap);
        members.add(member);
        return member;
    }

    /** Starts a node's process; its output goes to {@code node.log} in its data folder. */
    public Process start(Member member) throws IOException {
        Files.createDirectories(member.data());
        ProcessBuilder node = NodeProcess.builder(List.of(
                "--data",
                member.data().toString(),
                "--name",
                member.name(),
                "--bind",
                member.address(),
                "--port-base",
                Integer.toString(member.portBase()),
                "--memory-mib",
                "4096",
                "--token-file",
                tokenFile.toString(),
                "--insecure"));
        List<String> command = new ArrayList<>(member.wrap().apply(node.command()));
        // A session of its own, as a service has: the kernel shares the processors out by sessions, and each worker is
        // one.
        command.add(0, "setsid");
        node.command(command);
        node.redirectErrorStream(true);
        node.redirectOutput(ProcessBuilder.Redirect.appendTo(
                member.data().resolve("node.log").toFile()));
        return node.start();
    }

    /** A client of a node's API. */
    public ApiClient client(Member member) {
        return new ApiClient(member.address() + ":" + member.portBase(), token);
    }

    /** Waits until a node's API says that it is a member, or standby when it has no cluster yet. */
    public void awaitState(Member member, String state, int timeoutMs) {
        await("node " + member.name() + " is " + state, timeoutMs, () -> state.equals(nodeState(member)));
    }

    private String nodeState(Member member) {
        try {
            return client(member).get("/node").path("state").asText();
        } catch (RuntimeException e) {
            // Not listening yet: that is what is being waited for.
            return "";
        }
    }

    /** Starts all nodes and makes one cluster of them: the first makes it, the others join. */
    public void form(int timeoutMs) throws IOException {
        for (Member member : members) {
            start(member);
        }
        for (Member member : members) {
            awaitState(member, "standby", timeoutMs);
        }
        Member first = members.get(0);
        client(first).post("/cluster/init", Map.of());
        awaitState(first, "member", timeoutMs);
        for (Member member : members.subList(1, members.size())) {
            client(member).post("/cluster/join", Map.of("member", first.address() + ":" + first.portBase()));
            awaitState(member, "member", timeoutMs);
        }
        await("all hosts are alive", timeoutMs, () -> {
            JsonNode hosts = client(first).get("/nodes");
            int alive = 0;
            for (JsonNode host : hosts) {
                alive += host.path("state").asText().equals("alive") ? 1 : 0;
            }
            return alive == members.size();
        });
    }

    /** Node processes of a member, by what the kernel says. */
    public static List<ProcessTable.Found> nodeProcesses(Member member) {
        return ProcessTable.of(NODE_MAIN, member.data());
    }

    /** Worker processes of a member, by what the kernel says. */
    public static List<ProcessTable.Found> workerProcesses(Member member) {
        return ProcessTable.of(WORKER_MAIN, member.data());
    }

    /** Kills a node's process alone with SIGKILL: its workers live on. */
    public static void killNode(Member member) {
        kill(nodeProcesses(member));
    }

    /** Kills a whole host with SIGKILL: node process and workers, the node first as a power cut would not wait. */
    public static void killHost(Member member) {
        kill(nodeProcesses(member));
        kill(workerProcesses(member));
    }

    private static void kill(List<ProcessTable.Found> processes) {
        for (ProcessTable.Found p : processes) {
            ProcessHandle.of(p.pid()).ifPresent(h -> {
                h.destroyForcibly();
                try {
                    h.onExit().get(10, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
                    throw new IllegalStateException("process " + p.pid() + " did not die of SIGKILL", e);
                }
            });
        }
    }

    /** Waits for something to become true. */
    public static void await(String what, int timeoutMs, BooleanSupplier condition) {
        long end = System.nanoTime() + timeoutMs * 1_000_000L;
        RuntimeException last = null;
        do {
            try {
                if (condition.getAsBoolean()) {
                    return;
                }
                last = null;
            } catch (RuntimeException e) {
                last = e;
            }
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting: " + what, e);
            }
        } while (System.nanoTime() < end);
        throw new IllegalStateException(
                "waited " + timeoutMs / 1000 + " s in vain: " + what
                        + (last == null ? "" : " (" + last.getMessage() + ")"),
                last);
    }

    /** A port base from which all ports of {@code nodes} nodes are free right now; others look for some, too. */
    public static int freePortBase(int nodes) {
        int first = ThreadLocalRandom.current().nextInt(PORT_BASES);
        for (int n = 0; n < PORT_BASES; n++) {
            int base = FIRST_PORT_BASE + (first + n) % PORT_BASES * PORT_BASE_STEP;
            if (free(base, nodes)) {
                return base;
            }
        }
        throw new IllegalStateException("no free ports from " + FIRST_PORT_BASE + " on");
    }

    private static boolean free(int base, int nodes) {
        for (int node = 0; node < nodes; node++) {
            for (int port = base + node * PORTS_PER_NODE; port < base + node * PORTS_PER_NODE + 4; port++) {
                InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
                try (ServerSocket tcp = new ServerSocket();
                        DatagramChannel udp = DatagramChannel.open()) {
                    tcp.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                    tcp.bind(address);
                    udp.bind(address);
                } catch (IOException e) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Ends every node and worker of this cluster. Files stay. */
    @Override
    public void close() {
        members.forEach(LocalCluster::killHost);
        for (Member member : members) {
            try {
                SharedFolder.removeLeft(member.data());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Deletes a folder with all in it, as clean-ups want it: no checked exception. */
    public static void deleteTree(Path folder) {
        try {
            FileTree.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
