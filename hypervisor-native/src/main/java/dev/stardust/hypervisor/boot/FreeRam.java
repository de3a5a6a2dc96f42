package dev.stardust.hypervisor.boot;

import java.util.ArrayList;
import java.util.List;

/** RAM below 4 GiB that a loader has not given to anything yet. Addresses are guest-physical, ends exclusive. */
final class FreeRam {
    private static final long END = 1L << 32;

    private List<Range> free = new ArrayList<>();

    private record Range(long start, long end) {}

    /** Makes a range free. Ranges that are added do not overlap and come in order. */
    void add(long start, long end) {
        if (start < Math.min(end, END)) {
            free.add(new Range(start, Math.min(end, END)));
        }
    }

    /** Whether all of a range is free. */
    boolean isFree(long start, long end) {
        return free.stream().anyMatch(range -> range.start <= start && end <= range.end);
    }

    /** Gives a range away. */
    void take(long start, long end) {
        List<Range> left = new ArrayList<>();
        for (Range range : free) {
            if (start >= range.end || end <= range.start) {
                left.add(range);
                continue;
            }
            if (range.start < start) {
                left.add(new Range(range.start, start));
            }
            if (end < range.end) {
                left.add(new Range(end, range.end));
            }
        }
        free = left;
    }

    /**
     * Finds the lowest free range, which stays free.
     *
     * @param alignment what its address is to be a multiple of
     * @param from the lowest address it may have
     * @param to what its end may not exceed
     * @return its address, or -1 if there is none
     */
    long lowest(long bytes, long alignment, long from, long to) {
        for (Range range : free) {
            long at = (Math.max(range.start, from) + alignment - 1) / alignment * alignment;
            if (at + bytes <= Math.min(range.end, to)) {
                return at;
            }
        }
        return -1;
    }

    /** As {@link #lowest}, the highest. */
    long highest(long bytes, long alignment, long from, long to) {
        for (int i = free.size() - 1; i >= 0; i--) {
            Range range = free.get(i);
            long latest = Math.min(range.end, to) - bytes;
            long at = latest / alignment * alignment;
            if (latest >= 0 && at >= Math.max(range.start, from)) {
                return at;
            }
        }
        return -1;
    }
}
