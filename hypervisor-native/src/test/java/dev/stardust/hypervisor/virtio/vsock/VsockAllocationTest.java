package dev.stardust.hypervisor.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.libc.UnixSocket;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.TestQueue;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VsockAllocationTest {
    private static final int ROUNDS = 20_000;
    private static final int BYTES = 1000;
    private static final long RECEIVED = 0x8_0000;
    private static final long PACKET = 0x9_0000;

    @TempDir
    Path dir;

    @Test
    void bytesGoThereAndBackWithoutAllocating() {
        Path socket = dir.resolve("v");
        int server = UnixSocket.listen(dir.resolve("v_1"), 1);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (MappedMemory scratch = MappedMemory.anonymous(4096);
                GuestMemory memory = GuestMemory.create(1 << 20);
                VsockDevice device = new VsockDevice(3, socket, 4);
                TestGuest guest = new TestGuest(device, memory)) {
            List<TestQueue> queues = TestQueue.start(guest, memory, 3, 16, 0x1_0000);
            memory.write(PACKET, packet(PacketHeader.REQUEST, 0));
            send(queues.get(1), TestPacket.HEADER);
            assertEquals(TestPacket.HEADER, receive(queues.get(0)));
            int program = UnixSocket.accept(server);
            memory.write(PACKET, packet(PacketHeader.RW, BYTES));
            for (int i = 0; i < ROUNDS; i++) {
                echo(program, scratch, queues);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < ROUNDS; i++) {
                echo(program, scratch, queues);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertEquals(2L * ROUNDS * BYTES, device.metrics().counters().get("to.guest.bytes"));
            // What is left is the measuring itself and a rare class that is loaded late.
            assertTrue(allocated < ROUNDS, allocated + " bytes for " + ROUNDS + " round trips");
            Libc.C.close(program);
        } finally {
            Libc.C.close(server);
        }
    }

    private static byte[] packet(int op, int length) {
        return new TestPacket(3, 7, 2, 1, 1, op, 0, 1 << 30, 0, length, new byte[length]).toBytes();
    }

    private static void echo(int program, MappedMemory scratch, List<TestQueue> queues) {
        send(queues.get(1), TestPacket.HEADER + BYTES);
        check(UnixSocket.receive(program, scratch.address(), BYTES));
        check(UnixSocket.send(program, scratch.address(), BYTES));
        // A packet without payload tells of room.
        while (receive(queues.get(0)) == TestPacket.HEADER) {}
    }

    private static void check(long bytes) {
        if (bytes != BYTES) {
            throw new AssertionError(bytes + " bytes");
        }
    }

    private static void send(TestQueue transmit, int length) {
        transmit.offer(PACKET, length, false);
        transmit.serve();
        transmit.take();
    }

    private static int receive(TestQueue receive) {
        receive.offer(RECEIVED, 4096, true);
        receive.serve();
        int length = receive.usedLength();
        receive.take();
        return length;
    }
}
