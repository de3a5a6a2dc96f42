package dev.stardust.vm.actor;

import dev.stardust.vm.guest.GuestAgent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * Where a host reaches the agent of a guest: in the VM's folder either the host's end of a virtio-serial port, or the guest's
 * sockets, of which the agent's is one.
 */
public final class AgentSocket {
    static final String PORT = "agent.sock";

    /** The guest's sockets. */
    public static final String VSOCK = "vsock.sock";

    private static final String CONNECT = "CONNECT 5252\n";
    private static final String CONNECTED = "OK ";
    private static final int MAX_ANSWER_BYTES = 64;

    /**
     * What is written to a port before the guest opens it waits there, so that an agent that comes up later still answers in time.
     */
    private static final long ANSWER_TIMEOUT_MS = 10_000;

    private AgentSocket() {}

    /** Whether there is one. */
    static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(PORT)) || Files.exists(folder.resolve(VSOCK));
    }

    /**
     * Connects and greets. A connection whose greeting is not answered is closed, and what it sent goes with it.
     *
     * @param folder the VM's, in which the socket is
     * @param threads where sockets may be waited for
     */
    public static CompletionStage<GuestAgent> connect(Path folder, String vm, Executor threads) {
        return CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return open(folder);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e.getMessage(), e);
                            }
                        },
                        threads)
                .thenCompose(channel -> GuestAgent.connect(channel, vm, ANSWER_TIMEOUT_MS));
    }

    private static SocketChannel open(Path folder) throws IOException {
        Path port = folder.resolve(PORT);
        if (Files.exists(port)) {
            return blocking(connected(port));
        }
        SocketChannel channel = connected(folder.resolve(VSOCK));
        try {
            ask(channel);
            return blocking(channel);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Without waiting: a socket at which somebody else is takes a connection, but does not serve it. */
    private static SocketChannel connected(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(java.net.StandardProtocolFamily.UNIX);
        try {
            channel.configureBlocking(false);
            if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
                throw new IOException(socket + " takes no connection now");
            }
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static SocketChannel blocking(SocketChannel channel) throws IOException {
        channel.configureBlocking(true);
        return channel;
    }

    private static void ask(SocketChannel channel) throws IOException {
        channel.write(ByteBuffer.wrap(CONNECT.getBytes(StandardCharsets.US_ASCII)));
        StringBuilder answer = new StringBuilder();
        long end = System.nanoTime() + ANSWER_TIMEOUT_MS * 1_000_000;
        try (Selector selector = Selector.open()) {
            channel.register(selector, SelectionKey.OP_READ);
            ByteBuffer one = ByteBuffer.allocate(1);
            while (answer.length() < MAX_ANSWER_BYTES && answer.indexOf("\n") < 0) {
                long leftMs = (end - System.nanoTime()) / 1_000_000;
                if (leftMs <= 0) {
                    throw new IOException("the guest's agent does not take the connection");
                }
                selector.select(leftMs);
                selector.selectedKeys().clear();
                // One by one: what is behind the answer is the agent's.
                int n = channel.read(one.clear());
                if (n < 0) {
                    throw new IOException("no agent listens in the guest");
                }
                if (n > 0) {
                    answer.append((char) one.get(0));
                }
            }
        }
        if (!answer.toString().startsWith(CONNECTED)) {
            throw new IOException("no connection to the guest's agent");
        }
    }
}
