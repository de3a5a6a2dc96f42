package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.virtio.HostileSubject;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Programs of a host that come and go, behind a folder of sockets of their own. None of them ever waits. */
final class HostilePrograms implements AutoCloseable {
    /** The port of the host at which one listens. */
    static final int PORT = 1;

    private static final int MOST = 20;

    private final Path dir = Files.createTempDirectory("vsock");
    private final Path socket = dir.resolve("v");
    private final Path listening = dir.resolve("v_" + PORT);
    private final ServerSocketChannel server = HostProgram.listen(listening);
    private final List<SocketChannel> programs = new ArrayList<>();

    HostilePrograms() throws IOException {
        server.configureBlocking(false);
    }

    /** Where a device has to listen for them. */
    Path socket() {
        return socket;
    }

    /** One of them does something, such as connecting to one of the guest's first ports. */
    void act(int guestPorts, Random random) throws IOException {
        int which = random.nextInt(4);
        if (which == 0 && programs.size() < MOST) {
            connect("CONNECT " + random.nextInt(guestPorts) + "\nmore");
        } else if (which == 1) {
            accept();
        } else if (!programs.isEmpty()) {
            SocketChannel program = programs.get(random.nextInt(programs.size()));
            try {
                act(program, random);
            } catch (IOException e) {
                // The other side is gone, or the program had closed.
                programs.remove(program);
                program.close();
            }
        }
    }

    /** One more connects to the device and says that line. */
    SocketChannel connect(String line) throws IOException {
        SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        program.configureBlocking(false);
        programs.add(program);
        program.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)));
        return program;
    }

    /** The one that listens takes a connection; null if there is none. */
    SocketChannel accept() throws IOException {
        SocketChannel program = server.accept();
        if (program != null) {
            program.configureBlocking(false);
            programs.add(program);
        }
        return program;
    }

    private static void act(SocketChannel program, Random random) throws IOException {
        switch (random.nextInt(4)) {
            case 0 -> program.write(ByteBuffer.allocate(random.nextInt(10_000)));
            case 1 -> program.read(ByteBuffer.allocate(random.nextInt(100_000) + 1));
            case 2 -> program.shutdownOutput();
            default -> program.close();
        }
    }

    /** All of them end, also those that the device has connected and nobody has seen yet. */
    void endAll() throws IOException {
        while (accept() != null) {}
        for (SocketChannel program : programs) {
            program.close();
        }
        programs.clear();
    }

    /** Exactly this must wait for a program. */
    static void expectReceived(SocketChannel program, String text) throws IOException {
        HostileSubject.expect(program != null, "the program that listens was not connected to");
        ByteBuffer received = ByteBuffer.allocate(100);
        program.read(received);
        String found = StandardCharsets.US_ASCII.decode(received.flip()).toString();
        HostileSubject.expect(found.equals(text), "a program received '" + found + "' instead of '" + text + "'");
    }

    @Override
    public void close() throws IOException {
        endAll();
        server.close();
        Files.deleteIfExists(listening);
        Files.delete(dir);
    }
}
