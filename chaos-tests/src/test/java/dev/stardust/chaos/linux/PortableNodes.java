package dev.stardust.chaos.linux;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.Cli;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Two nodes as processes, with images of Debian and busybox, whose VMs run in QEMU's emulation. One such pair serves all classes of
 * tests; it ends with the last.
 */
final class PortableNodes implements ExtensionContext.Store.CloseableResource {
    static final int LIMIT_MS = 90_000;

    private final Path folder;
    private final LocalCluster nodes;
    private final Member first;
    private final Member second;
    private final Cli cli;

    /** Gives tests the pair. */
    static final class Pair implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == PortableNodes.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot()
                    .getStore(ExtensionContext.Namespace.create(PortableNodes.class))
                    .getOrComputeIfAbsent(PortableNodes.class);
        }
    }

    /** Starts them; images that this machine has made before are taken from its cache. */
    PortableNodes() throws Exception {
        // Not in target: unix sockets below it have short names.
        folder = Files.createTempDirectory("stardust-linux-");
        nodes = new LocalCluster(folder);
        Thread cleaner = new Thread(nodes::close, "end-portable-nodes");
        Runtime.getRuntime().addShutdownHook(cleaner);
        int ports = LocalCluster.freePortBase(2);
        first = nodes.add("node-1", "127.0.0.1", ports, PortableNodes::emulating);
        second = nodes.add("node-2", "127.0.0.1", ports + 10, PortableNodes::emulating);
        cli = Cli.of(nodes, first);
        try {
            nodes.form(LIMIT_MS);
            cli.run("image", "build", "busybox").ok();
            cli.run("image", "build", "debian").ok();
        } catch (Exception | AssertionError e) {
            nodes.close();
            throw e;
        }
    }

    /** Also where QEMU could use KVM. */
    private static List<String> emulating(List<String> command) {
        return Stream.concat(Stream.of("env", "STARDUST_ACCEL=tcg"), command.stream())
                .toList();
    }

    LocalCluster nodes() {
        return nodes;
    }

    Member first() {
        return first;
    }

    Member second() {
        return second;
    }

    /** The command, which asks the first node. */
    Cli cli() {
        return cli;
    }

    /** {@code stardust run} with that before the image; always in QEMU, also where KVM could run the guest. */
    Cli.Answer run(String... words) throws Exception {
        return cli.run(runWords(words));
    }

    /** The words of such a command. */
    static String[] runWords(String... words) {
        List<String> all = new ArrayList<>(List.of("run", "--hypervisor", "qemu"));
        Collections.addAll(all, words);
        return all.toArray(String[]::new);
    }

    /** Runs a shell's script in a guest; it must go well. */
    String shell(String vm, String script) throws Exception {
        return cli.run("exec", vm, "sh", "-c", script).ok().out();
    }

    /** All that a VM wrote to its serial port. */
    String log(String vm) {
        try {
            return cli.run("logs", vm).ok().out();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the log of " + vm + " was read", e);
        }
    }

    /** What is known of a VM. */
    JsonNode vm(String name) {
        return nodes.client(first).get("/vms/" + name);
    }

    void awaitState(String vm, String state) {
        LocalCluster.await(vm + " is " + state, LIMIT_MS, () -> vm(vm).path("state")
                .asText()
                .equals(state));
    }

    void awaitReady(String vm) {
        LocalCluster.await(
                vm + " is ready", LIMIT_MS, () -> vm(vm).path("ready").asBoolean());
    }

    /** Ends a VM at once and forgets it. */
    void remove(String vm) throws Exception {
        cli.run("rm", "--force", vm).ok();
    }

    /** The QEMU that runs a VM, by what the kernel says of the children of its worker. */
    ProcessHandle qemu(String vm) {
        long worker = vm(vm).path("workerPid").asLong();
        return ProcessHandle.of(worker).stream()
                .flatMap(ProcessHandle::descendants)
                .filter(process -> process.info().command().orElse("").contains("qemu-system"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("worker " + worker + " of VM " + vm + " has no QEMU"));
    }

    /** A TCP port of loopback that nobody has. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        nodes.close();
        LocalCluster.deleteTree(folder);
    }
}
