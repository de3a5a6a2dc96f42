package dev.stardust.migration.page;

import org.agrona.UnsafeApi;

/** Leaves the zero lines of a page out; the LINES flag of {@link PageFrameFlyweight}. */
final class LinePacking {
    private static final int LINE = 64;
    private static final int MASK_LENGTH = 8;

    private LinePacking() {}

    /** The length that {@link #pack} will make of a page. */
    static int lengthOf(long page) {
        int lines = 0;
        for (int i = 0; i < Pages.SIZE; i += LINE) {
            if (Pages.line(page + i) != 0) {
                lines++;
            }
        }
        return MASK_LENGTH + lines * LINE;
    }

    /** Packs a page to {@code to}, where {@code 8 + 4096} bytes are free, and returns the packed length. */
    static int pack(long page, long to) {
        long mask = 0;
        for (int i = 0; i < LINE; i++) {
            if (Pages.line(page + (long) i * LINE) != 0) {
                mask |= 1L << i;
            }
        }
        UnsafeApi.putLong(to, mask);
        long at = to + MASK_LENGTH;
        for (long rest = mask; rest != 0; ) {
            // One copy a run of lines: pages are mostly a few runs.
            int first = Long.numberOfTrailingZeros(rest);
            int run = Long.numberOfTrailingZeros(~(rest >>> first));
            int length = run * LINE;
            UnsafeApi.copyMemory(page + (long) first * LINE, at, length);
            at += length;
            rest = first + run == LINE ? 0 : rest >>> (first + run) << (first + run);
        }
        return (int) (at - to);
    }

    /** The packed length of the page at {@code from}, or -1 when {@code available} bytes do not hold it. */
    static int packedLength(long from, int available) {
        if (available < MASK_LENGTH) {
            return -1;
        }
        int length = MASK_LENGTH + Long.bitCount(UnsafeApi.getLong(from)) * LINE;
        return length <= available ? length : -1;
    }

    /** Unpacks a page whose length was checked. */
    static void unpack(long from, long page) {
        long mask = UnsafeApi.getLong(from);
        long at = from + MASK_LENGTH;
        for (int i = 0; i < LINE; i++) {
            if ((mask >>> i & 1) != 0) {
                UnsafeApi.copyMemory(at, page + (long) i * LINE, LINE);
                at += LINE;
            } else {
                UnsafeApi.setMemory(page + (long) i * LINE, LINE, (byte) 0);
            }
        }
    }
}
