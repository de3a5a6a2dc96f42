package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.memory.GuestMemory;
import org.agrona.UnsafeApi;

/**
 * A split virtqueue, section 2.7, seen from the device. Everything the driver wrote is checked when it is used.
 *
 * <pre>
 *  descriptor, 16 bytes            driver area (available)     device area (used)
 *  0        8      12     14       0      2      4             0      2      4
 *  +--------+------+------+----+   +------+------+---------+   +------+------+----------------+
 *  | address| len  |flags |next|   |flags | idx  | heads.. |   |flags | idx  | {id, len} 8 .. |
 *  +--------+------+------+----+   +------+------+---------+   +------+------+----------------+
 * </pre>
 */
final class VirtQueue {
    static final int DESCRIPTOR_SIZE = 16;

    private static final int LENGTH_OFFSET = 8;
    private static final int FLAGS_OFFSET = 12;
    private static final int NEXT_OFFSET = 14;
    private static final int FLAG_NEXT = 1;
    private static final int FLAG_WRITE = 2;
    private static final int FLAG_INDIRECT = 4;

    private static final int RING_INDEX_OFFSET = 2;
    private static final int RING_OFFSET = 4;
    private static final int RING_EVENT_SIZE = 2;
    private static final int AVAILABLE_ENTRY_SIZE = 2;
    private static final int USED_ENTRY_SIZE = 8;
    private static final int AVAILABLE_NO_INTERRUPT = 1;
    private static final int DRIVER_ALIGNMENT = 2;
    private static final int DEVICE_ALIGNMENT = 4;

    private static final int INDEX_MASK = 0xffff;

    private final GuestMemory memory;
    private final int maxSize;
    private int size;
    private boolean ready;
    private long descriptors;
    private long driver;
    private long device;
    private int nextAvailable;
    private int nextUsed;
    private boolean indirectAllowed;

    /** Whether both sides name the index at which they want to hear of the other, section 2.7.7 and 2.7.10. */
    private boolean eventIndexes;

    /** The used index when the driver was last considered for an interrupt; unknown at first and after a restore. */
    private int consideredUsed;

    private boolean consideredKnown;

    VirtQueue(GuestMemory memory, int maxSize) {
        if (maxSize <= 0 || maxSize > 1 << 15 || Integer.bitCount(maxSize) != 1) {
            throw new IllegalArgumentException("a queue of " + maxSize + " descriptors");
        }
        this.memory = memory;
        this.maxSize = maxSize;
        reset();
    }

    void reset() {
        size = maxSize;
        ready = false;
        descriptors = 0;
        driver = 0;
        device = 0;
        beginAnew();
    }

    private void beginAnew() {
        nextAvailable = 0;
        nextUsed = 0;
        consideredKnown = false;
    }

    /**
     * Takes the queue into use.
     *
     * @throws VirtioFaultException if its size or an address is not what the specification asks for
     */
    void enable() {
        if (size <= 0 || size > maxSize || Integer.bitCount(size) != 1) {
            throw new VirtioFaultException(
                    "queue size " + Integer.toUnsignedString(size) + " is not a power of two of at most " + maxSize);
        }
        checkArea("descriptor table", descriptors, (long) size * DESCRIPTOR_SIZE, DESCRIPTOR_SIZE);
        long availableBytes = RING_OFFSET + (long) size * AVAILABLE_ENTRY_SIZE + RING_EVENT_SIZE;
        checkArea("driver area", driver, availableBytes, DRIVER_ALIGNMENT);
        long usedBytes = RING_OFFSET + (long) size * USED_ENTRY_SIZE + RING_EVENT_SIZE;
        checkArea("device area", device, usedBytes, DEVICE_ALIGNMENT);
        ready = true;
    }

    private void checkArea(String area, long address, long bytes, int alignment) {
        if (address % alignment != 0 || !memory.contains(address, bytes)) {
            throw new VirtioFaultException("the queue's " + area + " at guest address 0x" + Long.toHexString(address)
                    + ", length " + bytes + ", is not in RAM or not aligned to " + alignment);
        }
    }

    /** Takes the queue out of use; it begins anew when it is enabled again. */
    void disable() {
        ready = false;
        beginAnew();
    }

    /**
     * Takes the next request that the driver made available.
     *
     * @return false if there is none; the driver notifies of the next one
     * @throws VirtioFaultException if the driver's rings or descriptors break the rules
     */
    boolean next(DescriptorChain chain) {
        int available = memory.getU16Acquire(driver + RING_INDEX_OFFSET);
        if (available == nextAvailable && eventIndexes) {
            // Only a queue that was found empty asks to be notified; one that is being served, or waits for something
            // else, leaves the driver in peace.
            memory.putU16(availableEvent(), nextAvailable);
            // What the driver made available before it saw this is not notified of.
            UnsafeApi.fullFence();
            available = memory.getU16Acquire(driver + RING_INDEX_OFFSET);
        }
        int pending = (available - nextAvailable) & INDEX_MASK;
        if (pending == 0) {
            return false;
        }
        if (pending > size) {
            throw new VirtioFaultException("the available index " + available + " is " + pending + " ahead of the "
                    + nextAvailable + " that was served, in a queue of " + size);
        }
        long slot = driver + RING_OFFSET + (long) (nextAvailable & (size - 1)) * AVAILABLE_ENTRY_SIZE;
        collect(memory.getU16(slot), chain);
        nextAvailable = (nextAvailable + 1) & INDEX_MASK;
        return true;
    }

    private void collect(int head, DescriptorChain chain) {
        chain.clear(head);
        long table = descriptors;
        long tableSize = size;
        boolean indirect = false;
        int index = head;
        while (true) {
            if (index >= tableSize) {
                throw new VirtioFaultException("descriptor " + index + " is outside a table of " + tableSize);
            }
            long descriptor = table + (long) index * DESCRIPTOR_SIZE;
            long address = memory.getU64(descriptor);
            long length = memory.getU32(descriptor + LENGTH_OFFSET);
            int flags = memory.getU16(descriptor + FLAGS_OFFSET);
            if ((flags & FLAG_INDIRECT) != 0) {
                checkIndirect(indirect, flags, address, length);
                indirect = true;
                table = address;
                tableSize = length / DESCRIPTOR_SIZE;
                index = 0;
                continue;
            }
            if (chain.count() == size) {
                throw new VirtioFaultException(
                        "the chain of descriptor " + head + " is longer than its queue of " + size + ", or loops");
            }
            chain.add(address, length, (flags & FLAG_WRITE) != 0);
            if ((flags & FLAG_NEXT) == 0) {
                return;
            }
            index = memory.getU16(descriptor + NEXT_OFFSET);
        }
    }

    private void checkIndirect(boolean nested, int flags, long address, long length) {
        if (!indirectAllowed) {
            throw new VirtioFaultException("an indirect descriptor, which was not negotiated");
        }
        if (nested || (flags & FLAG_NEXT) != 0) {
            throw new VirtioFaultException("an indirect descriptor inside an indirect table or with a next one");
        }
        if (length == 0 || length % DESCRIPTOR_SIZE != 0 || !memory.contains(address, length)) {
            throw new VirtioFaultException("an indirect table at guest address 0x" + Long.toHexString(address)
                    + ", length " + length + ", is not in RAM or not whole descriptors");
        }
    }

    /** Takes the last {@code count} requests back as not taken. */
    void undo(int count) {
        nextAvailable = (nextAvailable - count) & INDEX_MASK;
    }

    /** Notes that a request is done; the driver sees it after {@link #publish}. */
    void addUsed(int head, long writtenBytes) {
        long slot = device + RING_OFFSET + (long) (nextUsed & (size - 1)) * USED_ENTRY_SIZE;
        memory.putU32(slot, head);
        memory.putU32(slot + Integer.BYTES, writtenBytes);
        nextUsed = (nextUsed + 1) & INDEX_MASK;
    }

    /** Gives the requests that are done back to the driver. */
    void publish() {
        memory.putU16Release(device + RING_INDEX_OFFSET, nextUsed);
    }

    /** Whether the driver wants to be interrupted for what was used since it was asked last. */
    boolean wantsInterrupt() {
        // What the driver wants must be read after the used index was written, or both sides wait for each other.
        UnsafeApi.fullFence();
        if (!eventIndexes) {
            return (memory.getU16(driver) & AVAILABLE_NO_INTERRUPT) == 0;
        }
        int sinceEvent = (nextUsed - memory.getU16(usedEvent()) - 1) & INDEX_MASK;
        int sinceConsidered = (nextUsed - consideredUsed) & INDEX_MASK;
        boolean wanted = !consideredKnown || sinceEvent < sinceConsidered;
        consideredUsed = nextUsed;
        consideredKnown = true;
        return wanted;
    }

    /** Where the driver writes the used index at which it wants to be interrupted. */
    private long usedEvent() {
        return driver + RING_OFFSET + (long) size * AVAILABLE_ENTRY_SIZE;
    }

    /** Where the device writes the available index at which it wants to be notified. */
    private long availableEvent() {
        return device + RING_OFFSET + (long) size * USED_ENTRY_SIZE;
    }

    /** Takes over what driver and device agreed on, {@link VirtioFeatures}. */
    void useFeatures(long features) {
        indirectAllowed = (features & VirtioFeatures.RING_INDIRECT_DESC) != 0;
        eventIndexes = (features & VirtioFeatures.RING_EVENT_IDX) != 0;
    }

    int maxSize() {
        return maxSize;
    }

    int size() {
        return size;
    }

    boolean ready() {
        return ready;
    }

    /** Takes a register of the queue's set-up; ignored while the queue is in use. */
    void writeSetup(int register, int value) {
        if (ready) {
            return;
        }
        switch (register) {
            case MmioRegisters.QUEUE_NUM -> size = value;
            case MmioRegisters.QUEUE_DESC_LOW -> descriptors = Halves.withLow(descriptors, value);
            case MmioRegisters.QUEUE_DESC_HIGH -> descriptors = Halves.withHigh(descriptors, value);
            case MmioRegisters.QUEUE_DRIVER_LOW -> driver = Halves.withLow(driver, value);
            case MmioRegisters.QUEUE_DRIVER_HIGH -> driver = Halves.withHigh(driver, value);
            case MmioRegisters.QUEUE_DEVICE_LOW -> device = Halves.withLow(device, value);
            case MmioRegisters.QUEUE_DEVICE_HIGH -> device = Halves.withHigh(device, value);
            default -> {}
        }
    }

    /** What {@link TransportState} stores. */
    TransportState.Queue save() {
        return new TransportState.Queue(size, ready, descriptors, driver, device, nextAvailable, nextUsed);
    }

    /**
     * Takes over what was saved.
     *
     * @throws VirtioFaultException as {@link #enable}
     */
    void restore(TransportState.Queue saved) {
        size = saved.size();
        descriptors = saved.descriptors();
        driver = saved.driver();
        device = saved.device();
        nextAvailable = saved.available();
        nextUsed = saved.used();
        consideredKnown = false;
        if (saved.ready()) {
            enable();
        }
    }
}
