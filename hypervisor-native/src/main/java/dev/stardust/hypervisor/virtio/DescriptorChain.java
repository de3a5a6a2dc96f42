package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.memory.GuestMemory;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The buffers of one request: first those that the device reads, then those that it writes. A copy of the descriptors,
 * taken once and checked, so that a driver that changes them meanwhile changes nothing. All ranges lie in guest RAM.
 */
public final class DescriptorChain {
    private final GuestMemory memory;
    private final long[] addresses;
    private final long[] lengths;
    private int head;
    private int count;
    private int readableCount;
    private long readableBytes;
    private long writableBytes;

    DescriptorChain(GuestMemory memory, int capacity) {
        this.memory = memory;
        addresses = new long[capacity];
        lengths = new long[capacity];
    }

    void clear(int newHead) {
        head = newHead;
        count = 0;
        readableCount = 0;
        readableBytes = 0;
        writableBytes = 0;
    }

    /** Appends a buffer; the caller has seen to it that there is room. */
    void add(long address, long length, boolean writable) {
        if (!memory.contains(address, length)) {
            throw new VirtioFaultException("a descriptor names guest address 0x" + Long.toHexString(address)
                    + ", length " + length + ", which is not in RAM");
        }
        if (writable) {
            writableBytes += length;
        } else if (count > readableCount) {
            throw new VirtioFaultException("a readable descriptor follows a writable one");
        } else {
            readableCount++;
            readableBytes += length;
        }
        addresses[count] = address;
        lengths[count] = length;
        count++;
    }

    /** Index of the first descriptor, by which the driver knows the request. */
    int head() {
        return head;
    }

    /** RAM that the addresses are in. */
    public GuestMemory memory() {
        return memory;
    }

    /** Number of buffers; the first {@link #readableCount} are for reading. */
    public int count() {
        return count;
    }

    /** Number of buffers that the device reads. */
    public int readableCount() {
        return readableCount;
    }

    /** Guest-physical address of a buffer. */
    public long address(int buffer) {
        return addresses[buffer];
    }

    /** Bytes of a buffer. */
    public long length(int buffer) {
        return lengths[buffer];
    }

    /** Bytes of all buffers that the device reads. */
    public long readableBytes() {
        return readableBytes;
    }

    /** Bytes of all buffers that the device writes. */
    public long writableBytes() {
        return writableBytes;
    }

    /**
     * Copies the first bytes of the readable part, wherever the driver cut it.
     *
     * @throws VirtioFaultException if it has fewer
     */
    public void readFirst(MutableDirectBuffer into, int length) {
        if (readableBytes < length) {
            throw new VirtioFaultException(
                    "a request has " + readableBytes + " readable bytes, its header alone takes " + length);
        }
        int done = 0;
        for (int i = 0; done < length; i++) {
            int part = (int) Math.min(lengths[i], length - done);
            memory.read(addresses[i], into, done, part);
            done += part;
        }
    }

    /** Copies the readable part behind its first {@code skip} bytes, at most {@code length} of it; returns how many. */
    public int read(long skip, MutableDirectBuffer into, int length) {
        long left = skip;
        int done = 0;
        for (int i = 0; i < readableCount && done < length; i++) {
            long skipped = Math.min(left, lengths[i]);
            int part = (int) Math.min(lengths[i] - skipped, length - done);
            memory.read(addresses[i] + skipped, into, done, part);
            left -= skipped;
            done += part;
        }
        return done;
    }

    /**
     * Writes the last byte of the writable part.
     *
     * @throws VirtioFaultException if there is none
     */
    public void writeLast(int value) {
        for (int i = count - 1; i >= readableCount; i--) {
            if (lengths[i] > 0) {
                memory.putU8(addresses[i] + lengths[i] - 1, value);
                return;
            }
        }
        throw new VirtioFaultException("a request has no writable byte for its status");
    }

    /** Copies into the first bytes of the writable part, as many as fit; returns how many. */
    public int writeFirst(DirectBuffer from, int length) {
        return write(0, from, 0, length);
    }

    /** Copies into the writable part behind its first {@code skip} bytes, as many as fit; returns how many. */
    public int write(long skip, DirectBuffer from, int length) {
        return write(skip, from, 0, length);
    }

    /** As {@link #write(long, DirectBuffer, int)}, but from {@code offset} of the buffer on. */
    public int write(long skip, DirectBuffer from, int offset, int length) {
        long left = skip;
        int done = 0;
        for (int i = readableCount; i < count && done < length; i++) {
            long skipped = Math.min(left, lengths[i]);
            int part = (int) Math.min(lengths[i] - skipped, length - done);
            memory.write(addresses[i] + skipped, from, offset + done, part);
            left -= skipped;
            done += part;
        }
        return done;
    }
}
