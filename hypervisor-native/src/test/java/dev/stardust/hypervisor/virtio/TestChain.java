package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.memory.GuestMemory;

/** Puts a chain of descriptors into a table in a guest's RAM, and the bytes of its buffers into a part of it. */
public final class TestChain {
    /** Most descriptors. */
    public static final int MAX_LENGTH = TestGuest.QUEUE_SIZE;

    private static final int FLAGS_OFFSET = 12;
    private static final int NEXT_OFFSET = 14;

    private final GuestMemory memory;
    private final long table;
    private final long dataEnd;
    private long data;
    private int length;

    /**
     * An empty one, which no device may see yet.
     *
     * @param table guest address of the descriptor table; the chain begins at its first
     * @param data guest address where buffers are put, one after the other
     * @param dataEnd they must not reach further
     */
    public TestChain(GuestMemory memory, long table, long data, long dataEnd) {
        this.memory = memory;
        this.table = table;
        this.data = data;
        this.dataEnd = dataEnd;
    }

    /** Adds a buffer with these bytes that the device reads. */
    public TestChain readable(byte... bytes) {
        long at = take(bytes.length);
        memory.write(at, bytes);
        return buffer(at, bytes.length, 0);
    }

    /** Adds a buffer of that many bytes that the device writes. */
    public TestChain writable(int bytes) {
        return buffer(take(bytes), bytes, TestGuest.WRITE);
    }

    private long take(int bytes) {
        if (bytes > dataEnd - data) {
            throw new IllegalStateException("no room for a buffer of " + bytes + " bytes");
        }
        long at = data;
        data += bytes;
        return at;
    }

    /** Adds any buffer. */
    public TestChain buffer(long address, long bytes, int flags) {
        if (length == MAX_LENGTH) {
            throw new IllegalStateException("the chain is full");
        }
        long descriptor = table + 16L * length;
        memory.putU64(descriptor, address);
        memory.putU32(descriptor + 8, bytes);
        memory.putU16(descriptor + FLAGS_OFFSET, flags);
        memory.putU16(descriptor + NEXT_OFFSET, 0);
        if (length > 0) {
            long before = descriptor - 16;
            memory.putU16(before + FLAGS_OFFSET, memory.getU16(before + FLAGS_OFFSET) | TestGuest.NEXT);
            memory.putU16(before + NEXT_OFFSET, length);
        }
        length++;
        return this;
    }

    /** Number of buffers. */
    public int length() {
        return length;
    }
}
