package dev.stardust.chunk.shared;

import org.agrona.UnsafeApi;

/** Bits in memory that several processes have mapped. */
final class SharedBits {
    private static final int WORD_BITS = Long.SIZE;

    private final long address;
    private final long count;

    /**
     * The bits from that address on, in words of 64.
     *
     * @param count how many there are
     */
    SharedBits(long address, long count) {
        this.address = address;
        this.count = count;
    }

    /** Bytes that so many bits take. */
    static long bytes(long count) {
        return (count + WORD_BITS - 1) / WORD_BITS * Long.BYTES;
    }

    /** Whether a bit is set; if so, what was written before it was set is seen. */
    boolean get(long i) {
        return (UnsafeApi.getLongAcquire(null, word(i)) & mask(i)) != 0;
    }

    /** Sets a bit; who sees it set sees what was written before. */
    void set(long i) {
        UnsafeApi.getAndBitwiseOrLong(null, word(i), mask(i));
    }

    private long word(long i) {
        if (i < 0 || i >= count) {
            throw new IndexOutOfBoundsException("bit " + i + " of " + count);
        }
        return address + i / WORD_BITS * Long.BYTES;
    }

    private static long mask(long i) {
        return 1L << i % WORD_BITS;
    }
}
