package dev.stardust.hypervisor.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.TestQueue;
import java.nio.file.Path;
import java.util.List;

/** A guest with a socket driver, served by a worker's thread as in a machine. Used by one thread. */
final class VsockGuest implements AutoCloseable {
    static final long CID = 3;
    static final int BUFFERS = 32;
    static final int BUFFER_BYTES = 4096 + TestPacket.HEADER;

    private static final long RAM_BYTES = 8 << 20;
    private static final long RINGS = 0x1_0000;
    private static final int QUEUE_SIZE = 256;
    private static final long EVENT = 0x8000;
    private static final long RECEIVE = 0x10_0000;
    private static final int SLOT = 0x2000;
    private static final long TRANSMIT = 0x40_0000;
    private static final int TRANSMIT_SLOT = 0x1_1000;
    private static final int TRANSMIT_SLOTS = 16;
    private static final long DEADLINE_NS = 30_000_000_000L;

    private final QueueWorker worker;
    private final VsockDevice device;
    private final GuestMemory memory;
    private final TestGuest guest;
    private final TestQueue receive;
    private final TestQueue transmit;
    private final TestQueue events;
    private int sent;

    private VsockGuest(QueueWorker worker, VsockDevice device, GuestMemory memory, TestGuest guest, List<TestQueue> q) {
        this.worker = worker;
        this.device = device;
        this.memory = memory;
        this.guest = guest;
        receive = q.get(0);
        transmit = q.get(1);
        events = q.get(2);
    }

    static VsockGuest start(Path socket, int maxConnections) {
        GuestMemory memory = GuestMemory.create(RAM_BYTES);
        VsockDevice device = new VsockDevice(CID, socket, maxConnections);
        TestGuest guest = new TestGuest(device, memory);
        QueueWorker worker = new QueueWorker("test-vsock");
        worker.attach(guest.transport());
        VsockGuest started =
                new VsockGuest(worker, device, memory, guest, TestQueue.start(guest, memory, 3, QUEUE_SIZE, RINGS));
        for (int i = 0; i < BUFFERS; i++) {
            started.receive.offer(RECEIVE + (long) i * SLOT, BUFFER_BYTES, true);
        }
        started.events.offer(EVENT, 4, true);
        started.receive.kick();
        started.events.kick();
        return started;
    }

    /** The guest goes on in another machine: same memory contents, same driver, another device. */
    VsockGuest restored(Path socket) {
        guest.transport().pause();
        byte[] state = guest.transport().save();
        GuestMemory copy = GuestMemory.create(RAM_BYTES);
        byte[] ram = new byte[(int) RAM_BYTES];
        memory.read(0, ram);
        copy.write(0, ram);
        VsockDevice other = new VsockDevice(CID, socket);
        TestGuest next = new TestGuest(other, copy);
        QueueWorker nextWorker = new QueueWorker("test-vsock-2");
        nextWorker.attach(next.transport());
        next.transport().restore(state);
        VsockGuest restored = new VsockGuest(
                nextWorker,
                other,
                copy,
                next,
                List.of(receive.of(next, copy), transmit.of(next, copy), events.of(next, copy)));
        restored.sent = sent;
        next.transport().resume();
        return restored;
    }

    VsockDevice device() {
        return device;
    }

    TestGuest driver() {
        return guest;
    }

    void send(TestPacket packet) {
        sendRaw(packet.toBytes());
    }

    void sendRaw(byte[] bytes) {
        await("a free transmit slot", () -> {
            while (transmit.used() > 0) {
                transmit.take();
            }
            return transmit.outstanding() < TRANSMIT_SLOTS ? transmit : null;
        });
        long at = TRANSMIT + (long) (sent++ % TRANSMIT_SLOTS) * TRANSMIT_SLOT;
        memory.write(at, bytes);
        transmit.offer(at, bytes.length, false);
        transmit.kick();
    }

    /** The next packet, or null if there is none yet. Its buffer is given back to the device. */
    TestPacket poll() {
        if (receive.used() == 0) {
            return null;
        }
        int head = receive.usedHead();
        byte[] bytes = new byte[receive.usedLength()];
        // Heads go around in the queue, buffers in their own circle: the head's descriptor tells where it is.
        long at = memory.getU64(RINGS + head * 16L);
        memory.read(at, bytes);
        receive.take();
        receive.offer(at, BUFFER_BYTES, true);
        receive.kick();
        TestPacket packet = TestPacket.parse(bytes);
        assertEquals(2, packet.srcCid());
        assertEquals(CID, packet.dstCid());
        assertEquals(packet.length(), packet.payload().length);
        return packet;
    }

    TestPacket next() {
        return await("a packet", this::poll);
    }

    /** The next packet, which is of that kind. */
    TestPacket expect(int op) {
        TestPacket packet = next();
        assertEquals(op, packet.op(), packet::toString);
        return packet;
    }

    boolean takeEvent() {
        if (events.used() == 0) {
            return false;
        }
        assertEquals(4, events.usedLength());
        assertEquals(0, memory.getU32(EVENT));
        events.take();
        return true;
    }

    static <T> T await(String what, java.util.function.Supplier<T> poll) {
        long start = System.nanoTime();
        T found = poll.get();
        while (found == null && System.nanoTime() - start < DEADLINE_NS) {
            Thread.onSpinWait();
            found = poll.get();
        }
        assertNotNull(found, what);
        return found;
    }

    static void awaitTrue(String what, java.util.function.BooleanSupplier condition) {
        await(what, () -> condition.getAsBoolean() ? what : null);
    }

    @Override
    public void close() {
        worker.detach(guest.transport());
        guest.close();
        worker.close();
        device.close();
        memory.close();
    }
}
