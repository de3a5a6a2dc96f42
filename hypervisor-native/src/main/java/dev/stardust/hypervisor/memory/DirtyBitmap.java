package dev.stardust.hypervisor.memory;

import java.util.concurrent.atomic.AtomicLongArray;
import org.agrona.UnsafeApi;

/**
 * One bit a 4 KiB page of guest RAM. Setting and draining may happen on several threads at once and lose nothing: a bit
 * is seen by exactly one drain after it was set.
 */
public final class DirtyBitmap {
    private static final int PAGE_SHIFT = 12;

    private final long pages;
    private final AtomicLongArray words;

    /** A clean bitmap. */
    public DirtyBitmap(long pages) {
        this.pages = pages;
        this.words = new AtomicLongArray(Math.toIntExact((pages + 63) / 64));
    }

    /** A clean bitmap for RAM of this many bytes. */
    public static DirtyBitmap forBytes(long sizeBytes) {
        return new DirtyBitmap((sizeBytes + (1 << PAGE_SHIFT) - 1) >>> PAGE_SHIFT);
    }

    /** Number of pages. */
    public long pages() {
        return pages;
    }

    /** Marks a page. */
    public void set(long page) {
        checkPage(page);
        int index = (int) (page >>> 6);
        long bit = 1L << page;
        if ((words.getPlain(index) & bit) == 0 || (words.get(index) & bit) == 0) {
            words.getAndAccumulate(index, bit, (a, b) -> a | b);
        }
    }

    /** Marks the pages that {@code length} bytes from {@code gpa} touch; nothing when the length is 0. */
    public void setBytes(long gpa, long length) {
        if (length > 0) {
            for (long page = gpa >>> PAGE_SHIFT; page <= (gpa + length - 1) >>> PAGE_SHIFT; page++) {
                set(page);
            }
        }
    }

    /** Marks all pages. */
    public void setAll() {
        for (int i = 0; i < words.length(); i++) {
            words.set(i, i == words.length() - 1 && (pages & 63) != 0 ? (1L << pages) - 1 : -1L);
        }
    }

    /** Cleans all pages. */
    public void clear() {
        for (int i = 0; i < words.length(); i++) {
            words.set(i, 0);
        }
    }

    /** Whether a page is marked. */
    public boolean get(long page) {
        checkPage(page);
        return (words.get((int) (page >>> 6)) & 1L << page) != 0;
    }

    /** Number of marked pages. */
    public long cardinality() {
        long sum = 0;
        for (int i = 0; i < words.length(); i++) {
            sum += Long.bitCount(words.get(i));
        }
        return sum;
    }

    /** Moves all marks into another bitmap of the same size. */
    public void drainInto(DirtyBitmap target) {
        checkSame(target);
        for (int i = 0; i < words.length(); i++) {
            if (words.get(i) != 0) {
                target.orWord(i, words.getAndSet(i, 0));
            }
        }
    }

    /** Adds another bitmap's marks to these. */
    public void or(DirtyBitmap other) {
        checkSame(other);
        for (int i = 0; i < words.length(); i++) {
            orWord(i, other.words.get(i));
        }
    }

    /**
     * Adds marks from a bitmap off the heap as {@code KVM_GET_DIRTY_LOG} fills it: little-endian words, {@link
     * #sizeBytes} long.
     */
    public void orFrom(long address) {
        for (int i = 0; i < words.length(); i++) {
            orWord(i, UnsafeApi.getLong(address + 8L * i));
        }
    }

    /** Length of the bitmap off the heap that {@link #orFrom} reads, in bytes. */
    public int sizeBytes() {
        return words.length() * Long.BYTES;
    }

    /** The first marked page at or after {@code from}, or -1. */
    public long nextSet(long from) {
        if (from >= pages) {
            return -1;
        }
        int index = (int) (from >>> 6);
        long word = words.get(index) & -1L << from;
        while (word == 0) {
            if (++index == words.length()) {
                return -1;
            }
            word = words.get(index);
        }
        return ((long) index << 6) + Long.numberOfTrailingZeros(word);
    }

    private void orWord(int index, long bits) {
        long valid = index == words.length() - 1 && (pages & 63) != 0 ? bits & (1L << pages) - 1 : bits;
        if (valid != 0) {
            words.getAndAccumulate(index, valid, (a, b) -> a | b);
        }
    }

    private void checkPage(long page) {
        if (page < 0 || page >= pages) {
            throw new IndexOutOfBoundsException("page " + page + " of " + pages);
        }
    }

    private void checkSame(DirtyBitmap other) {
        if (other.pages != pages) {
            throw new IllegalArgumentException("bitmaps of " + pages + " and " + other.pages + " pages");
        }
    }
}
