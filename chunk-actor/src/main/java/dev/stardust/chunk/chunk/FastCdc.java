package dev.stardust.chunk.chunk;

import org.agrona.UnsafeApi;

/**
 * Content-defined chunking: FastCDC (Xia et al., USENIX ATC 2016) with normalized chunking of level 2. A gear hash
 * rolls over the bytes; a cut falls where its masked bits are zero, with a stricter mask before the average size and a
 * looser one after it, never below the minimum and always at the maximum. Where the cuts fall depends only on the bytes
 * since the last cut.
 *
 * <p>The gear table is 256 outputs of SplitMix64 started at the ASCII bytes "Stardust"; changing it, the masks or the
 * sizes changes every cut, so that old and new data no longer deduplicate: golden tests pin them.
 */
public final class FastCdc {
    /** A chunk never exceeds this, whatever the parameters. */
    public static final int MAX_CHUNK_BYTES = 64 << 10;

    /** What disk images are cut with: 8, 32 and 64 KiB; ADR 10 has what others would store. */
    public static final FastCdc DISK = new FastCdc(8 << 10, 32 << 10, MAX_CHUNK_BYTES);

    private static final long SEED = 0x5374617264757374L;
    private static final int NORMALIZATION = 2;
    private static final long[] GEAR = gear();

    private final int min;
    private final int average;
    private final int max;
    private final long strictMask;
    private final long looseMask;

    /**
     * Sizes in bytes.
     *
     * @param average a power of two, at least 64
     * @param max at most {@link #MAX_CHUNK_BYTES}
     */
    public FastCdc(int min, int average, int max) {
        if (min < 1 || average < 64 || Integer.bitCount(average) != 1 || min > average || average > max) {
            throw new IllegalArgumentException("sizes must be 1 <= min <= average (a power of two) <= max");
        }
        if (max > MAX_CHUNK_BYTES) {
            throw new IllegalArgumentException("a chunk has at most " + MAX_CHUNK_BYTES + " bytes");
        }
        this.min = min;
        this.average = average;
        this.max = max;
        int bits = Integer.numberOfTrailingZeros(average);
        // The gear hash shifts left: its highest bits have seen the most bytes (64).
        strictMask = -1L << (64 - bits - NORMALIZATION);
        looseMask = -1L << (64 - bits + NORMALIZATION);
    }

    /** The longest chunk this cuts, in bytes. */
    public int maxBytes() {
        return max;
    }

    /**
     * The length of the chunk that starts at {@code address}. {@code length} bytes follow there: at least
     * {@link #maxBytes()}, or all there is up to the end of the data.
     */
    public int cut(long address, long length) {
        int end = (int) Math.min(length, max);
        if (end <= min) {
            return end;
        }
        long hash = 0;
        int i = min;
        int limit = Math.min(end, average);
        for (long mask = strictMask; ; mask = looseMask, limit = end) {
            // The hash after each of four bytes follows from that before all of them, so that none waits for the other.
            for (; i + Integer.BYTES <= limit; i += Integer.BYTES) {
                int bytes = UnsafeApi.getInt(address + i);
                long g1 = GEAR[bytes & 0xff];
                long g2 = (g1 << 1) + GEAR[(bytes >>> 8) & 0xff];
                long g3 = (g2 << 1) + GEAR[(bytes >>> 16) & 0xff];
                long g4 = (g3 << 1) + GEAR[bytes >>> 24];
                if ((((hash << 1) + g1) & mask) == 0) {
                    return i + 1;
                }
                if ((((hash << 2) + g2) & mask) == 0) {
                    return i + 2;
                }
                if ((((hash << 3) + g3) & mask) == 0) {
                    return i + 3;
                }
                hash = (hash << 4) + g4;
                if ((hash & mask) == 0) {
                    return i + 4;
                }
            }
            for (; i < limit; i++) {
                hash = (hash << 1) + GEAR[UnsafeApi.getByte(address + i) & 0xff];
                if ((hash & mask) == 0) {
                    return i + 1;
                }
            }
            if (limit == end) {
                return end;
            }
        }
    }

    private static long[] gear() {
        long[] table = new long[256];
        long state = SEED;
        for (int i = 0; i < table.length; i++) {
            state += 0x9E3779B97F4A7C15L;
            long z = state;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            table[i] = z ^ (z >>> 31);
        }
        return table;
    }
}
