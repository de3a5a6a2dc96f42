package dev.stardust.hypervisor.virtio.vsock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** A program of the host at a unix socket, with blocking calls. */
final class HostProgram implements AutoCloseable {
    private final SocketChannel channel;

    private HostProgram(SocketChannel channel) {
        this.channel = channel;
    }

    static ServerSocketChannel listen(Path path) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        return server;
    }

    static HostProgram accept(ServerSocketChannel server) throws IOException {
        return new HostProgram(server.accept());
    }

    static HostProgram connect(Path path) throws IOException {
        return new HostProgram(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    }

    /** Connects to a port of the guest as far as saying so. */
    static HostProgram ask(Path path, int port) throws IOException {
        HostProgram program = connect(path);
        program.write("CONNECT " + port + "\n");
        return program;
    }

    void write(String text) throws IOException {
        write(text.getBytes(StandardCharsets.US_ASCII));
    }

    void write(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** Reads exactly so many bytes, fewer at the end. */
    byte[] read(int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    String readText(int length) throws IOException {
        return new String(read(length), StandardCharsets.US_ASCII);
    }

    /** Whether the other side has ended and all was read. */
    boolean atEnd() throws IOException {
        return read(1).length == 0;
    }

    void endWriting() throws IOException {
        channel.shutdownOutput();
    }

    /** Sends back what comes, until the end, on a thread of its own. */
    Thread echo(int bufferBytes) {
        Thread thread = new Thread(() -> {
            ByteBuffer buffer = ByteBuffer.allocate(bufferBytes);
            try {
                while (channel.read(buffer) >= 0) {
                    buffer.flip();
                    while (buffer.hasRemaining()) {
                        channel.write(buffer);
                    }
                    buffer.clear();
                }
                channel.shutdownOutput();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
