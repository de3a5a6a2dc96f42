package dev.stardust.chunk.chunk;

import org.agrona.UnsafeApi;

/**
 * Content-defined chunking: FastCDC (Xia et al., USENIX ATC 2016) with normalized chunking of level 2. A gear hash
 * rolls over the bytes; a cut falls where its masked bits are zero, with a stricter mask before the average size and a
 * looser one after it, never below the minimum and always at the maximum. Where the cuts fall depends only on the bytes
 * since the last cut.
 *
 * <p>Whether the masked, highest bits are zero is whether the hash is below a threshold, without signs. Here all hashes have
 * their highest bit flipped, so that one signed comparison tells. And since a byte is shifted out of the hash by the 64th
 * after it, the search goes on in two places at once, neither of which waits for the other.
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

    /** After so many more bytes a byte has no part in the hash. */
    private static final int WINDOW_BYTES = 64;

    /** How far each of the two places of a search goes. */
    private static final int LANE_BYTES = 2048;

    /** The hash of no bytes, and the table: with flipped highest bits. */
    private static final long START = Long.MIN_VALUE;

    private static final long[] GEAR = gear();

    private final int min;
    private final int average;
    private final int max;
    private final long strictThreshold;
    private final long looseThreshold;

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
        strictThreshold = threshold(bits + NORMALIZATION);
        looseThreshold = threshold(bits - NORMALIZATION);
    }

    /** Hashes below it have so many zeros in front: the bits that have seen the most bytes, since the hash shifts left. */
    private static long threshold(int zeroBits) {
        return START + (1L << (Long.SIZE - zeroBits));
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
        long h1 = START;
        int at = min;
        int limit = Math.min(end, average);
        for (long threshold = strictThreshold; ; threshold = looseThreshold, limit = end) {
            for (; at + 2 * LANE_BYTES <= limit; at += 2 * LANE_BYTES) {
                int second = at + LANE_BYTES;
                long h2 = roll(0, address + second - WINDOW_BYTES, address + second);
                for (int i = 0; i < LANE_BYTES; i += 2) { // Two steps, since the compiler does not unroll this.
                    long a = address + at + i;
                    h1 = roll(h1, a);
                    if (h1 < threshold) {
                        return at + i + 1;
                    }
                    h2 = roll(h2, a + LANE_BYTES);
                    if (h2 < threshold) { // What the first finds comes first.
                        return search(address, at + i + 1, second, h1, threshold, second + i + 1);
                    }
                    h1 = roll(h1, a + 1);
                    if (h1 < threshold) {
                        return at + i + 2;
                    }
                    h2 = roll(h2, a + LANE_BYTES + 1);
                    if (h2 < threshold) {
                        return search(address, at + i + 2, second, h1, threshold, second + i + 2);
                    }
                }
                h1 = h2;
            }
            int cut = search(address, at, limit, h1, threshold, 0);
            if (cut != 0 || limit == end) {
                return cut != 0 ? cut : end;
            }
            h1 = roll(h1, address + at, address + limit);
            at = limit;
        }
    }

    /** Where behind {@code from} and up to {@code to} the hash first falls below the threshold, or {@code otherwise}. */
    private static int search(long address, int from, int to, long hash, long threshold, int otherwise) {
        long h = hash;
        for (int i = from; i < to; i++) {
            h = roll(h, address + i);
            if (h < threshold) {
                return i + 1;
            }
        }
        return otherwise;
    }

    private static long roll(long hash, long from, long to) {
        long h = hash;
        for (long a = from; a < to; a++) {
            h = roll(h, a);
        }
        return h;
    }

    private static long roll(long hash, long address) {
        return (hash << 1) + GEAR[UnsafeApi.getByte(address) & 0xff];
    }

    private static long[] gear() {
        long[] table = new long[256];
        long state = SEED;
        for (int i = 0; i < table.length; i++) {
            state += 0x9E3779B97F4A7C15L;
            long z = state;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            table[i] = z ^ (z >>> 31) ^ START;
        }
        return table;
    }
}
