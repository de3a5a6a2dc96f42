package dev.stardust.hypervisor.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.agrona.UnsafeApi;

/**
 * One bit for each 4 KiB page. Any thread may set bits while another drains them. A writer sets the bit after it wrote
 * the page: a drain that misses the bit is followed by one that sees it, and a drain that takes it sees the bytes.
 */
public final class DirtyBitmap {
    /** Bytes of a page. */
    public static final int PAGE_SIZE = 4096;

    /** log2 of {@link #PAGE_SIZE}. */
    public static final int PAGE_SHIFT = 12;

    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    private final long pages;
    private final long[] words;

    /** What {@link #forEachRun} calls. */
    @FunctionalInterface
    public interface RunConsumer {
        /** Takes a run of set pages, as long as it goes. */
        void accept(long firstPage, long pageCount);
    }

    /** Makes one with no bit set. */
    public DirtyBitmap(long pages) {
        if (pages <= 0 || pages > (long) Integer.MAX_VALUE * Long.SIZE / 2) {
            throw new IllegalArgumentException("cannot keep " + pages + " pages");
        }
        this.pages = pages;
        words = new long[(int) ((pages + Long.SIZE - 1) / Long.SIZE)];
    }

    /** One with no bit set for RAM of that many bytes. */
    public static DirtyBitmap forBytes(long sizeBytes) {
        return new DirtyBitmap((sizeBytes + PAGE_SIZE - 1) >>> PAGE_SHIFT);
    }

    /** Number of pages. */
    public long pages() {
        return pages;
    }

    /** Length of the bitmap in native memory that {@link #orFrom} reads, in bytes. */
    public int sizeBytes() {
        return words.length * Long.BYTES;
    }

    /** Sets a page's bit. */
    public void set(long page) {
        checkRange(page, 1);
        or((int) (page / Long.SIZE), 1L << page);
    }

    /** Sets the bits of {@code count} pages. */
    public void setRange(long first, long count) {
        checkRange(first, count);
        if (count == 0) {
            return;
        }
        long last = first + count - 1;
        int firstWord = (int) (first / Long.SIZE);
        int lastWord = (int) (last / Long.SIZE);
        long headMask = -1L << first;
        long tailMask = -1L >>> (Long.SIZE - 1 - last);
        if (firstWord == lastWord) {
            or(firstWord, headMask & tailMask);
            return;
        }
        or(firstWord, headMask);
        for (int i = firstWord + 1; i < lastWord; i++) {
            or(i, -1L);
        }
        or(lastWord, tailMask);
    }

    /** Sets the bits of the pages that {@code length} bytes from {@code address} on touch, none for a length of 0. */
    public void setBytes(long address, long length) {
        if (length > 0) {
            long first = address >>> PAGE_SHIFT;
            setRange(first, ((address + length - 1) >>> PAGE_SHIFT) - first + 1);
        }
    }

    /** Sets all bits: every page is to be sent. */
    public void setAll() {
        setRange(0, pages);
    }

    /** Clears all bits. */
    public void clear() {
        for (int i = 0; i < words.length; i++) {
            WORDS.setVolatile(words, i, 0L);
        }
    }

    /** Clears a page's bit. */
    public void clear(long page) {
        checkRange(page, 1);
        WORDS.getAndBitwiseAnd(words, (int) (page / Long.SIZE), ~(1L << page));
    }

    /** Whether a page's bit is set. */
    public boolean get(long page) {
        checkRange(page, 1);
        return (word((int) (page / Long.SIZE)) >>> page & 1) != 0;
    }

    /** Number of bits set. */
    public long cardinality() {
        long sum = 0;
        for (int i = 0; i < words.length; i++) {
            sum += Long.bitCount(word(i));
        }
        return sum;
    }

    /** Sets in another bitmap of the same size what is set here. */
    public void orInto(DirtyBitmap other) {
        checkSameSize(other);
        for (int i = 0; i < words.length; i++) {
            other.or(i, word(i));
        }
    }

    /** Moves all bits into another bitmap of the same size; a bit set meanwhile is either moved or stays. */
    public void drainInto(DirtyBitmap other) {
        checkSameSize(other);
        for (int i = 0; i < words.length; i++) {
            if (word(i) != 0) {
                other.or(i, (long) WORDS.getAndSet(words, i, 0L));
            }
        }
    }

    /**
     * Sets what is set in native memory, in the layout of {@code KVM_GET_DIRTY_LOG}: little-endian, lowest page first.
     *
     * @param address {@link #sizeBytes()} readable bytes
     */
    public void orFrom(long address) {
        for (int i = 0; i < words.length; i++) {
            or(i, UnsafeApi.getLong(address + (long) i * Long.BYTES) & validBits(i));
        }
    }

    /** The first set page from {@code from} on, -1 if there is none. */
    public long nextSet(long from) {
        return next(from, 0);
    }

    /** The first page from {@code from} on that is not set, {@link #pages()} if there is none. */
    public long nextClear(long from) {
        long found = next(from, -1L);
        return found < 0 ? pages : found;
    }

    /** Calls for each run of set pages, lowest first. */
    public void forEachRun(RunConsumer consumer) {
        long start = nextSet(0);
        while (start >= 0) {
            long end = nextClear(start);
            consumer.accept(start, end - start);
            start = nextSet(end);
        }
    }

    private long next(long from, long invert) {
        if (from < 0) {
            throw new IndexOutOfBoundsException("page " + from);
        }
        if (from >= pages) {
            return -1;
        }
        int i = (int) (from / Long.SIZE);
        long word = (word(i) ^ invert) & validBits(i) & -1L << from;
        while (word == 0) {
            if (++i == words.length) {
                return -1;
            }
            word = (word(i) ^ invert) & validBits(i);
        }
        return (long) i * Long.SIZE + Long.numberOfTrailingZeros(word);
    }

    private long word(int i) {
        return (long) WORDS.getAcquire(words, i);
    }

    /** Always the full read-modify-write: a look first whether the bit is set could pass the writes to the page. */
    private void or(int i, long bits) {
        if (bits != 0) {
            WORDS.getAndBitwiseOr(words, i, bits);
        }
    }

    private long validBits(int i) {
        long rest = pages - (long) i * Long.SIZE;
        return rest >= Long.SIZE ? -1L : (1L << rest) - 1;
    }

    private void checkRange(long first, long count) {
        if (first < 0 || count < 0 || count > pages - first) {
            throw new IndexOutOfBoundsException(count + " pages at " + first + " are not inside " + pages);
        }
    }

    private void checkSameSize(DirtyBitmap other) {
        if (other.pages != pages) {
            throw new IllegalArgumentException("bitmaps of " + pages + " and " + other.pages + " pages");
        }
    }
}
