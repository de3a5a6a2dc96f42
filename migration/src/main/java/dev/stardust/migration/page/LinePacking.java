package dev.stardust.migration.page;

import org.agrona.UnsafeApi;

/** Leaves the zero lines of a page out; the LINES flag of {@link PageFrameFlyweight}. */
final class LinePacking {
    private static final int LINE = 64;
    private static final int MASK_LENGTH = 8;

    private LinePacking() {}

    /** A bit for each line of a page that is not zero, the lowest for the first. */
    static long mask(long page) {
        long mask = 0;
        for (int i = 0; i < LINE; i++) {
            if (Pages.line(page + (long) i * LINE) != 0) {
                mask |= 1L << i;
            }
        }
        return mask;
    }

    /** The length that a page with this mask has when packed. */
    static int length(long mask) {
        return MASK_LENGTH + Long.bitCount(mask) * LINE;
    }

    /** Packs a page with this mask to {@code to}, where {@code 8 + 4096} bytes are free; returns the packed length. */
    static int pack(long page, long mask, long to) {
        UnsafeApi.putLong(to, mask);
        long at = to + MASK_LENGTH;
        // One copy a run of lines: pages are mostly a few runs.
        for (int first = 0; first < LINE; ) {
            int run = run(mask, first);
            if ((mask >>> first & 1) != 0) {
                UnsafeApi.copyMemory(page + (long) first * LINE, at, (long) run * LINE);
                at += (long) run * LINE;
            }
            first += run;
        }
        return (int) (at - to);
    }

    /** The packed length of the page at {@code from}, or -1 when {@code available} bytes do not hold it. */
    static int packedLength(long from, int available) {
        if (available < MASK_LENGTH) {
            return -1;
        }
        int length = length(UnsafeApi.getLong(from));
        return length <= available ? length : -1;
    }

    /** Unpacks a page whose length was checked. */
    static void unpack(long from, long page) {
        long mask = UnsafeApi.getLong(from);
        long at = from + MASK_LENGTH;
        for (int first = 0; first < LINE; ) {
            int run = run(mask, first);
            long length = (long) run * LINE;
            if ((mask >>> first & 1) != 0) {
                UnsafeApi.copyMemory(at, page + (long) first * LINE, length);
                at += length;
            } else {
                UnsafeApi.setMemory(page + (long) first * LINE, length, (byte) 0);
            }
            first += run;
        }
    }

    /** How many bits from {@code first} on are alike. */
    private static int run(long mask, int first) {
        long rest = (mask >>> first & 1) != 0 ? ~(mask >>> first) : mask >>> first;
        return Math.min(LINE - first, Long.numberOfTrailingZeros(rest));
    }
}
