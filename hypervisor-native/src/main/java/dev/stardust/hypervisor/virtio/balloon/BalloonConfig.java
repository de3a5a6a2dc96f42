package dev.stardust.hypervisor.virtio.balloon;

import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The configuration space, section 5.5.4. The driver writes {@code actual} and {@code poison_val}, of any width and
 * wherever it likes; vCPU threads and the host use it at once.
 *
 * <pre>
 *  0           4        8                       12
 *  +-----------+--------+-----------------------+------------+
 *  | num_pages | actual | free_page_hint_cmd_id | poison_val |
 *  +-----------+--------+-----------------------+------------+
 * </pre>
 */
final class BalloonConfig {
    static final int SIZE = 16;

    private static final int NUM_PAGES = 0;
    private static final int ACTUAL = 1;
    private static final int POISON_VAL = 3;
    private static final int BYTE_MASK = 0xff;

    private final AtomicIntegerArray words = new AtomicIntegerArray(SIZE / Integer.BYTES);

    /** Pages of 4 KiB that the host wants in the balloon. */
    int numPages() {
        return words.get(NUM_PAGES);
    }

    void setNumPages(int pages) {
        words.set(NUM_PAGES, pages);
    }

    /** Pages of 4 KiB that the driver says are in the balloon, any number. */
    int actual() {
        return words.get(ACTUAL);
    }

    /** What the driver says that it fills free pages with. */
    int poisonVal() {
        return words.get(POISON_VAL);
    }

    /** Sets what the driver writes. */
    void setDriverFields(int actual, int poisonVal) {
        words.set(ACTUAL, actual);
        words.set(POISON_VAL, poisonVal);
    }

    /** See {@link dev.stardust.hypervisor.virtio.VirtioDevice#readConfig}. */
    long read(long offset, int width) {
        long value = 0;
        for (int i = 0; i < width && contains(offset, i); i++) {
            int at = (int) offset + i;
            int found = words.get(at / Integer.BYTES) >>> shift(at) & BYTE_MASK;
            value |= (long) found << (i * Byte.SIZE);
        }
        return value;
    }

    /** See {@link dev.stardust.hypervisor.virtio.VirtioDevice#writeConfig}. */
    void write(long offset, int width, long value) {
        writeWord(ACTUAL, offset, width, value);
        writeWord(POISON_VAL, offset, width, value);
    }

    /** Takes the bytes of a write that fall into a word, all at once. */
    private void writeWord(int word, long offset, int width, long value) {
        int mask = 0;
        int bits = 0;
        for (int i = 0; i < width && contains(offset, i); i++) {
            int at = (int) offset + i;
            if (at / Integer.BYTES == word) {
                mask |= BYTE_MASK << shift(at);
                bits |= (int) (value >>> (i * Byte.SIZE) & BYTE_MASK) << shift(at);
            }
        }
        words.set(word, (words.get(word) & ~mask) | bits);
    }

    private static boolean contains(long offset, int at) {
        return offset >= 0 && offset < SIZE - at;
    }

    private static int shift(int at) {
        return at % Integer.BYTES * Byte.SIZE;
    }
}
