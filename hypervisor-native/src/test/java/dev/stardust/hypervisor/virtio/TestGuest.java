package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The driver's side of a device, as a guest would do it: registers, rings and buffers in its RAM. Methods that name no
 * queue mean queue 0. Needs no JUnit, so that soaks can use it.
 */
public final class TestGuest implements AutoCloseable {
    public static final int NEXT = 1;
    public static final int WRITE = 2;
    public static final int INDIRECT = 4;

    public static final int QUEUE_SIZE = 8;
    public static final long DESCRIPTORS = 0x1000;
    public static final long AVAILABLE = 0x2000;
    public static final long USED = 0x3000;

    /** Between the areas of one queue and those of the next; there is room for 16. */
    private static final long QUEUE_STRIDE = 0x100;

    private static final long DEADLINE_NS = 30_000_000_000L;

    private final GuestMemory memory;
    private final EventFd interrupt = new EventFd();
    private final List<String> faults = new CopyOnWriteArrayList<>();
    private final MmioTransport transport;

    public TestGuest(VirtioDevice device, GuestMemory memory) {
        this.memory = memory;
        transport = new MmioTransport(device, memory, interrupt, faults::add);
    }

    public MmioTransport transport() {
        return transport;
    }

    public EventFd interrupt() {
        return interrupt;
    }

    public List<String> faults() {
        return faults;
    }

    public void writeRegister(int register, int value) {
        transport.write(register, 4, Integer.toUnsignedLong(value));
    }

    public int readRegister(int register) {
        return (int) transport.read(register, 4);
    }

    /** Steps 1 to 6 of section 3.1.1; returns the status, in which FEATURES_OK tells whether the device agreed. */
    public int negotiate(long features) {
        writeRegister(MmioRegisters.STATUS, 0);
        writeRegister(MmioRegisters.STATUS, MmioRegisters.ACKNOWLEDGE);
        writeRegister(MmioRegisters.STATUS, MmioRegisters.ACKNOWLEDGE | MmioRegisters.DRIVER);
        writeRegister(MmioRegisters.DRIVER_FEATURES_SEL, 0);
        writeRegister(MmioRegisters.DRIVER_FEATURES, (int) features);
        writeRegister(MmioRegisters.DRIVER_FEATURES_SEL, 1);
        writeRegister(MmioRegisters.DRIVER_FEATURES, (int) (features >>> 32));
        writeRegister(MmioRegisters.STATUS, 11);
        return readRegister(MmioRegisters.STATUS);
    }

    public long offeredFeatures() {
        writeRegister(MmioRegisters.DEVICE_FEATURES_SEL, 0);
        long low = Integer.toUnsignedLong(readRegister(MmioRegisters.DEVICE_FEATURES));
        writeRegister(MmioRegisters.DEVICE_FEATURES_SEL, 1);
        return low | ((long) readRegister(MmioRegisters.DEVICE_FEATURES) << 32);
    }

    public void setUpQueue(int size, long descriptors, long available, long used) {
        setUpQueue(0, size, descriptors, available, used);
    }

    public void setUpQueue(int queue, int size, long descriptors, long available, long used) {
        writeRegister(MmioRegisters.QUEUE_SEL, queue);
        writeRegister(MmioRegisters.QUEUE_NUM, size);
        writeRegister(MmioRegisters.QUEUE_DESC_LOW, (int) descriptors);
        writeRegister(MmioRegisters.QUEUE_DESC_HIGH, (int) (descriptors >>> 32));
        writeRegister(MmioRegisters.QUEUE_DRIVER_LOW, (int) available);
        writeRegister(MmioRegisters.QUEUE_DRIVER_HIGH, (int) (available >>> 32));
        writeRegister(MmioRegisters.QUEUE_DEVICE_LOW, (int) used);
        writeRegister(MmioRegisters.QUEUE_DEVICE_HIGH, (int) (used >>> 32));
        writeRegister(MmioRegisters.QUEUE_READY, 1);
    }

    /** Guest address of a queue's descriptor table. */
    public static long descriptors(int queue) {
        return DESCRIPTORS + queue * QUEUE_STRIDE;
    }

    /** Guest address of a queue's driver area. */
    public static long available(int queue) {
        return AVAILABLE + queue * QUEUE_STRIDE;
    }

    /** Guest address of a queue's device area. */
    public static long used(int queue) {
        return USED + queue * QUEUE_STRIDE;
    }

    /** Brings the device up with those features and all its queues; it serves from then on. */
    public TestGuest start(long features) {
        expect(11, negotiate(features));
        for (int queue = 0; queue < transport.queueCount(); queue++) {
            setUpQueue(queue, QUEUE_SIZE, descriptors(queue), available(queue), used(queue));
        }
        writeRegister(MmioRegisters.STATUS, 15);
        expect(15, readRegister(MmioRegisters.STATUS));
        transport.resume();
        return this;
    }

    /** As {@link #start(long)} with {@link #plainFeatures()}. */
    public TestGuest start() {
        return start(plainFeatures());
    }

    /** What is offered without event indexes: each turn interrupts, whatever this driver has seen. */
    public long plainFeatures() {
        return offeredFeatures() & ~VirtioFeatures.RING_EVENT_IDX;
    }

    /** Where the driver names the used index at which it wants to be interrupted. */
    public static long usedEvent(int queue) {
        return available(queue) + 4 + 2L * QUEUE_SIZE;
    }

    /** Where the device names the available index at which it wants to be notified. */
    public static long availableEvent(int queue) {
        return used(queue) + 4 + 8L * QUEUE_SIZE;
    }

    public void descriptor(int index, long address, long length, int flags, int next) {
        descriptor(0, index, address, length, flags, next);
    }

    public void descriptor(int queue, int index, long address, long length, int flags, int next) {
        descriptorAt(descriptors(queue) + index * 16L, address, length, flags, next);
    }

    public void descriptorAt(long at, long address, long length, int flags, int next) {
        memory.putU64(at, address);
        memory.putU32(at + 8, length);
        memory.putU16(at + 12, flags);
        memory.putU16(at + 14, next);
    }

    /** Makes a chain available without telling the device. */
    public void offer(int head) {
        offer(0, head);
    }

    public void offer(int queue, int head) {
        long available = available(queue);
        int index = memory.getU16(available + 2);
        memory.putU16(available + 4 + 2L * (index % QUEUE_SIZE), head);
        memory.putU16Release(available + 2, index + 1);
    }

    /** Makes a chain available and lets this thread be the worker. */
    public void submit(int head) {
        submit(0, head);
    }

    public void submit(int queue, int head) {
        offer(queue, head);
        notifyDevice(queue);
        serve(queue);
    }

    /** Tells the device that there is something in a queue. */
    public void notifyDevice(int queue) {
        writeRegister(MmioRegisters.QUEUE_NOTIFY, queue);
    }

    /** Lets this thread be the worker once. */
    public void serve(int queue) {
        transport.serve(queue);
    }

    public int usedIndex() {
        return usedIndex(0);
    }

    public int usedIndex(int queue) {
        return memory.getU16Acquire(used(queue) + 2);
    }

    public long usedId(int position) {
        return memory.getU32(USED + 4 + 8L * (position % QUEUE_SIZE));
    }

    public long usedLength(int position) {
        return usedLength(0, position);
    }

    public long usedLength(int queue, int position) {
        return memory.getU32(used(queue) + 8 + 8L * (position % QUEUE_SIZE));
    }

    /** Waits until a worker's thread has used that many. */
    public void awaitUsed(int count) throws InterruptedException {
        awaitUsed(0, count);
    }

    public void awaitUsed(int queue, int count) throws InterruptedException {
        long start = System.nanoTime();
        while (usedIndex(queue) != count && System.nanoTime() - start < DEADLINE_NS) {
            Thread.sleep(1);
        }
        expect(count, usedIndex(queue));
    }

    private static void expect(int wanted, int found) {
        if (found != wanted) {
            throw new AssertionError("found " + found + " instead of " + wanted);
        }
    }

    @Override
    public void close() {
        transport.close();
        interrupt.close();
    }
}
