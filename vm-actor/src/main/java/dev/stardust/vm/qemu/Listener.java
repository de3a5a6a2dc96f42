package dev.stardust.vm.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** A socket that QEMU connects to once. */
final class Listener implements AutoCloseable {
    private final Path path;
    private final ServerSocketChannel channel;
    private final Selector selector;

    /** Listens there; what a dead process left is replaced. */
    Listener(Path path) throws IOException {
        this.path = path;
        Files.deleteIfExists(path);
        selector = Selector.open();
        channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(path));
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_ACCEPT);
        } catch (IOException e) {
            close();
            throw new IOException("cannot listen at " + path + ": " + e.getMessage(), e);
        }
    }

    /** The first connection, which blocks. */
    SocketChannel accept(long timeoutMs) throws IOException {
        boolean came = selector.isOpen() && selector.select(timeoutMs) > 0;
        SocketChannel connection = came && channel.isOpen() ? channel.accept() : null;
        if (connection == null) {
            throw new IOException("it did not connect within " + timeoutMs + " ms, or ended");
        }
        connection.configureBlocking(true);
        return connection;
    }

    /** Ends the wait for a connection; for any thread. */
    void giveUp() {
        close();
    }

    @Override
    public void close() {
        try {
            selector.close();
            channel.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
