package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.vsock.VsockDevice;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Linux reaches a program of the host over vsock, and is reached by one; what is echoed is what was sent. */
final class VsockWork implements DeviceWork {
    private static final int ECHO_BYTES = 256 << 10;
    private static final int PART_BYTES = 64 << 10;

    static final String COMMANDS =
            """
            load vmw_vsock_virtio_transport
            dd if=/dev/urandom of=/tmp/data bs=64k count=8 2> /dev/null
            vsock talk 5000 < /tmp/data > /tmp/back
            [ "$(md5sum < /tmp/back)" = "$(md5sum < /tmp/data)" ] && echo "vsock: the host echoed"
            vsock echo 1000 && echo "vsock: echoed for the host"
            """;

    private final Path socket;
    private final ServerSocketChannel server;

    VsockWork(LabContext lab) throws IOException {
        socket = lab.folder().resolve("vsock.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket + "_5000"));
    }

    @Override
    public DevicePart part() {
        return new DevicePart("vsock", new VsockDevice(VsockDevice.FIRST_GUEST_CID, socket));
    }

    @Override
    public void check(LabGuest guest) throws IOException {
        echo(server);
        guest.awaitLine("vsock: the host echoed");
        try (SocketChannel channel = connected(socket)) {
            askForEcho(channel);
        }
        guest.awaitLine("vsock: echoed for the host");
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private static void echo(ServerSocketChannel server) throws IOException {
        ByteBuffer part = ByteBuffer.allocate(PART_BYTES);
        try (SocketChannel channel = server.accept()) {
            while (channel.read(part.clear()) >= 0) {
                part.flip();
                while (part.hasRemaining()) {
                    channel.write(part);
                }
            }
        }
    }

    /** A connection to the guest's port 1000; refused, and asked for anew, until the guest listens. */
    private static SocketChannel connected(Path socket) throws IOException {
        while (true) {
            SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            channel.write(ByteBuffer.wrap("CONNECT 1000\n".getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer answer = ByteBuffer.allocate(1);
            StringBuilder line = new StringBuilder();
            while (channel.read(answer.clear()) > 0 && answer.get(0) != '\n') {
                line.append((char) answer.get(0));
            }
            if (line.toString().startsWith("OK ")) {
                return channel;
            }
            channel.close();
        }
    }

    private static void askForEcho(SocketChannel channel) throws IOException {
        byte[] sent = new byte[ECHO_BYTES];
        new Random(5).nextBytes(sent);
        ByteBuffer received = ByteBuffer.allocate(ECHO_BYTES);
        for (int at = 0; at < ECHO_BYTES; at += PART_BYTES) {
            channel.write(ByteBuffer.wrap(sent, at, PART_BYTES));
            received.limit(at + PART_BYTES);
            while (received.hasRemaining() && channel.read(received) >= 0) {}
        }
        LabContext.check(Arrays.equals(sent, received.array()), "the guest echoed something else");
    }
}
