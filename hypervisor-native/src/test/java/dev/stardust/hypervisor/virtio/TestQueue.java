package dev.stardust.hypervisor.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The driver's side of one queue of a device with several: rings at an address of its own, and requests of one buffer
 * each, whose heads are used in turn.
 */
public final class TestQueue {
    /** Bytes of guest memory that the rings of a queue take at most. */
    public static final long AREA_BYTES = 0x4000;

    private static final int DESCRIPTOR_SIZE = 16;
    private static final long AVAILABLE = 0x2000;
    private static final long USED = 0x3000;

    private final TestGuest guest;
    private final GuestMemory memory;
    private final int index;
    private final int size;
    private final long at;
    private int offered;
    private int taken;

    private TestQueue(TestGuest guest, GuestMemory memory, int index, int size, long at) {
        this.guest = guest;
        this.memory = memory;
        this.index = index;
        this.size = size;
        this.at = at;
    }

    /** Brings a device up with {@link TestGuest#plainFeatures} and that many queues, whose rings begin at an address. */
    public static List<TestQueue> start(TestGuest guest, GuestMemory memory, int count, int size, long at) {
        assertEquals(11, guest.negotiate(guest.plainFeatures()));
        List<TestQueue> queues = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            TestQueue queue = new TestQueue(guest, memory, i, size, at + i * AREA_BYTES);
            queue.setUp();
            queues.add(queue);
        }
        guest.writeRegister(MmioRegisters.STATUS, 15);
        assertEquals(15, guest.readRegister(MmioRegisters.STATUS));
        guest.transport().resume();
        return queues;
    }

    /** The same queue as another machine's driver knows it, after a restore. */
    public TestQueue of(TestGuest other, GuestMemory itsMemory) {
        TestQueue queue = new TestQueue(other, itsMemory, index, size, at);
        queue.offered = offered;
        queue.taken = taken;
        return queue;
    }

    private void setUp() {
        memory.putU64(at + AVAILABLE, 0);
        memory.putU64(at + USED, 0);
        guest.writeRegister(MmioRegisters.QUEUE_SEL, index);
        guest.writeRegister(MmioRegisters.QUEUE_NUM, size);
        write(MmioRegisters.QUEUE_DESC_LOW, at);
        write(MmioRegisters.QUEUE_DRIVER_LOW, at + AVAILABLE);
        write(MmioRegisters.QUEUE_DEVICE_LOW, at + USED);
        guest.writeRegister(MmioRegisters.QUEUE_READY, 1);
        assertEquals(1, guest.readRegister(MmioRegisters.QUEUE_READY));
    }

    private void write(int lowRegister, long address) {
        guest.writeRegister(lowRegister, (int) address);
        guest.writeRegister(lowRegister + 4, (int) (address >>> 32));
    }

    public void descriptor(int head, long address, long length, int flags, int next) {
        guest.descriptorAt(at + (long) head * DESCRIPTOR_SIZE, address, length, flags, next);
    }

    /** Makes a request of one buffer available without telling the device; returns its head. */
    public int offer(long address, long length, boolean writable) {
        int head = offered % size;
        descriptor(head, address, length, writable ? TestGuest.WRITE : 0, 0);
        offerHead(head);
        return head;
    }

    /** Makes a chain that was put together by {@link #descriptor} available without telling the device. */
    public void offerHead(int head) {
        assertTrue(offered - taken < size, "the queue is full");
        memory.putU16(at + AVAILABLE + 4 + 2L * (offered % size), head);
        offered++;
        memory.putU16Release(at + AVAILABLE + 2, offered);
    }

    /** Tells the device. */
    public void kick() {
        guest.writeRegister(MmioRegisters.QUEUE_NOTIFY, index);
    }

    /** Lets this thread be the worker. */
    public void serve() {
        guest.transport().serve(index);
    }

    /** Requests that were answered and not taken yet. */
    public int used() {
        return (memory.getU16Acquire(at + USED + 2) - taken) & 0xffff;
    }

    /** Requests that were offered and not taken yet, answered or not. */
    public int outstanding() {
        return offered - taken;
    }

    /** Head of the next answered request. */
    public int usedHead() {
        return (int) memory.getU32(at + USED + 4 + 8L * (taken % size));
    }

    /** Bytes written into the next answered request. */
    public int usedLength() {
        return (int) memory.getU32(at + USED + 8 + 8L * (taken % size));
    }

    /** Takes the next answered request. */
    public void take() {
        assertTrue(used() > 0, "nothing was answered");
        taken++;
    }
}
