package dev.stardust.vm.qemu;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.hypervisor.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Takes a machine's state from QEMU's migration stream, and puts one in, over a socket in the machine's folder. */
final class StateStream {
    private static final long TIMEOUT_MS = 30_000;
    private static final long POLL_MS = 1;

    /** Fits a frame of the worker's protocol. */
    private static final int MAX_BYTES = 15 << 20;

    /** A socket in memory is as fast as the host; QEMU's own limit is made for networks. */
    private static final long BYTES_PER_S = 1L << 40;

    private final Monitor monitor;
    private final Path socket;
    private final long ramBytes;

    /** Of a machine with that folder, and so much RAM. */
    StateStream(Monitor monitor, Path folder, long ramBytes) {
        this.monitor = monitor;
        this.ramBytes = ramBytes;
        this.socket = folder.resolve(QemuCommand.STATE_SOCKET);
    }

    /** Both ends leave RAM out where it is in a shared file. */
    void prepare() {
        ObjectNode arguments = JsonNodeFactory.instance.objectNode();
        arguments
                .putArray("capabilities")
                .addObject()
                .put("capability", "x-ignore-shared")
                .put("state", true);
        monitor.execute("migrate-set-capabilities", arguments, TIMEOUT_MS);
        ObjectNode limits = JsonNodeFactory.instance.objectNode().put("max-bandwidth", BYTES_PER_S);
        monitor.execute("migrate-set-parameters", limits, TIMEOUT_MS);
    }

    /**
     * The state of a machine that stands still.
     *
     * @param ramToo whether QEMU tells what is in RAM as well, since it is not in a shared file; it is left out here
     */
    byte[] save(boolean ramToo) throws IOException {
        try (Listener listener = new Listener(socket)) {
            monitor.execute("migrate", uri(), TIMEOUT_MS);
            byte[] state;
            try (SocketChannel channel = listener.accept(TIMEOUT_MS)) {
                state = readAll(channel, ramToo);
            }
            awaitEnd();
            return state;
        }
    }

    /** Puts a state into a machine that waits for one. */
    void restore(byte[] state) throws IOException {
        Files.deleteIfExists(socket);
        monitor.execute("migrate-incoming", uri(), TIMEOUT_MS);
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            ByteBuffer bytes = ByteBuffer.wrap(state);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } finally {
            Files.deleteIfExists(socket);
        }
        awaitEnd();
    }

    private static ObjectNode uri() {
        return JsonNodeFactory.instance.objectNode().put("uri", "unix:" + QemuCommand.STATE_SOCKET);
    }

    private byte[] readAll(SocketChannel channel, boolean ramToo) throws IOException {
        InputStream in = Channels.newInputStream(channel);
        if (ramToo) {
            return RamFilter.withoutPages(in, QemuCommand.RAM, ramBytes, MAX_BYTES);
        }
        KeptBytes state = new KeptBytes(MAX_BYTES);
        state.addAll(in);
        return state.toArray();
    }

    private void awaitEnd() {
        long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
        while (true) {
            var said = monitor.execute("query-migrate", JsonNodeFactory.instance.objectNode(), TIMEOUT_MS);
            String status = said.path("status").asText();
            if (status.equals("completed")) {
                return;
            }
            if (status.equals("failed") || System.nanoTime() > endNs) {
                throw new MachineException("QEMU's state is " + status + ": "
                        + said.path("error-desc").asText("no reason given"));
            }
            try {
                Thread.sleep(POLL_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new MachineException("interrupted while QEMU moved its state", e);
            }
        }
    }
}
