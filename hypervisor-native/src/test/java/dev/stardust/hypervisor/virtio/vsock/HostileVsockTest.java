package dev.stardust.hypervisor.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.TestQueue;
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
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import net.jqwik.api.statistics.Statistics;

/** Guests that send any packets at all, beside host programs that come and go. */
class HostileVsockTest {
    private static final int RAM_BYTES = 1 << 20;
    private static final long RINGS = 0x1_0000;
    private static final int SIZE = 16;
    private static final int PORTS = 4;
    private static final int MAX_CONNECTIONS = 4;
    private static final long PACKETS = 0x8_0000;
    private static final int[] LENGTHS = {0, 1, 43, 44, 45, 100, 5000, 0x1_0000, 0x1_002d};

    private Path dir;
    private Path socket;
    private ServerSocketChannel server;
    private final List<SocketChannel> programs = new ArrayList<>();

    @BeforeTry
    void open() throws IOException {
        dir = Files.createTempDirectory("vsock");
        socket = dir.resolve("v");
        server = HostProgram.listen(dir.resolve("v_1"));
        server.configureBlocking(false);
    }

    @AfterTry
    void close() throws IOException {
        for (SocketChannel program : programs) {
            program.close();
        }
        programs.clear();
        server.close();
        Files.deleteIfExists(dir.resolve("v_1"));
        Files.delete(dir);
    }

    @Property(tries = 200)
    void anyPacketsAreTaken(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        try (GuestMemory memory = GuestMemory.create(RAM_BYTES);
                VsockDevice device = new VsockDevice(3, socket, MAX_CONNECTIONS);
                TestGuest guest = new TestGuest(device, memory)) {
            List<TestQueue> queues = TestQueue.start(guest, memory, 3, SIZE, RINGS);
            for (int step = 0; step < 200; step++) {
                switch (random.nextInt(10)) {
                    case 0 -> hostProgramActs(random);
                    case 1, 2 -> offerBuffer(queues.get(0), random);
                    case 3 -> pauseSaveRestore(guest, random);
                    default -> sendPacket(memory, queues.get(1), random);
                }
                for (TestQueue queue : queues) {
                    queue.serve();
                    while (queue.used() > 0) {
                        queue.take();
                    }
                }
                assertTrue(device.connections() <= MAX_CONNECTIONS);
            }
            assertTrue(guest.faults().size() <= 1);
            for (String fault : guest.faults()) {
                assertFalse(fault.contains("internal error"), fault);
            }
            Statistics.collect(guest.faults().isEmpty() ? "served" : "fault");
        }
        Statistics.coverage(outcomes -> {
            outcomes.check("served").percentage(share -> share > 40);
            outcomes.check("fault").percentage(share -> share > 5);
        });
    }

    private void hostProgramActs(Random random) throws IOException {
        int which = random.nextInt(4);
        if (which == 0 && programs.size() < 20) {
            SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            program.configureBlocking(false);
            programs.add(program);
            program.write(ByteBuffer.wrap(
                    ("CONNECT " + random.nextInt(PORTS) + "\nmore").getBytes(StandardCharsets.US_ASCII)));
        } else if (which == 1) {
            SocketChannel program = server.accept();
            if (program != null) {
                program.configureBlocking(false);
                programs.add(program);
            }
        } else if (!programs.isEmpty()) {
            SocketChannel program = programs.get(random.nextInt(programs.size()));
            try {
                switch (random.nextInt(4)) {
                    case 0 -> program.write(ByteBuffer.allocate(random.nextInt(10_000)));
                    case 1 -> program.read(ByteBuffer.allocate(random.nextInt(100_000) + 1));
                    case 2 -> program.shutdownOutput();
                    default -> program.close();
                }
            } catch (IOException e) {
                programs.remove(program);
                program.close();
            }
        }
    }

    private static void offerBuffer(TestQueue receive, Random random) {
        if (receive.outstanding() < SIZE) {
            boolean rude = random.nextInt(1000) == 0;
            long length = rude ? LENGTHS[random.nextInt(4)] : 45 + random.nextInt(8000);
            receive.offer(0x4_0000 + random.nextInt(0x1_0000), length, true);
        }
    }

    private static void pauseSaveRestore(TestGuest guest, Random random) {
        guest.transport().pause();
        byte[] state = guest.transport().save();
        if (random.nextInt(4) == 0) {
            guest.transport().restore(state);
        }
        guest.transport().resume();
    }

    private static int number(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt();
            case 1 -> random.nextInt(100_000);
            case 2 -> -random.nextInt(3);
            default -> 1 << random.nextInt(32);
        };
    }

    private void sendPacket(GuestMemory memory, TestQueue transmit, Random random) {
        if (transmit.outstanding() == SIZE) {
            return;
        }
        boolean rude = random.nextInt(1000) == 0;
        int bytes = LENGTHS[rude ? random.nextInt(3) : 3 + random.nextInt(LENGTHS.length - 3)];
        int hostPort = random.nextInt(3) == 0 ? (1 << 30) + random.nextInt(8) : random.nextInt(PORTS);
        int length = random.nextInt(4) == 0 ? number(random) : Math.max(0, bytes - 44);
        TestPacket packet = new TestPacket(
                random.nextInt(20) == 0 ? random.nextLong() : 3,
                random.nextInt(PORTS),
                random.nextInt(20) == 0 ? random.nextLong() : 2,
                hostPort,
                random.nextInt(20) == 0 ? number(random) : 1,
                random.nextInt(10) == 0 ? number(random) : random.nextInt(8),
                random.nextInt(4),
                number(random),
                number(random),
                length,
                new byte[0]);
        long at = PACKETS + (random.nextInt(2) == 0 ? 0 : random.nextInt(0x1_0000));
        memory.write(at, packet.toBytes());
        transmit.offer(at, bytes, false);
    }
}
