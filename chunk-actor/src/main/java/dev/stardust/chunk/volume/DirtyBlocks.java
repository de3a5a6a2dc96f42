package dev.stardust.chunk.volume;

import java.util.Arrays;
import java.util.function.LongConsumer;

/** A set of block numbers, as a bitmap. Not thread safe. */
final class DirtyBlocks {
    private final long[] words;
    private final long blocks;

    /** An empty set of numbers below {@code blocks}. */
    DirtyBlocks(long blocks) {
        this.blocks = blocks;
        words = new long[Math.toIntExact((blocks + 63) / 64)];
    }

    boolean contains(long block) {
        return (words[(int) (block >>> 6)] & 1L << block) != 0;
    }

    void add(long block) {
        words[(int) (block >>> 6)] |= 1L << block;
    }

    void remove(long block) {
        words[(int) (block >>> 6)] &= ~(1L << block);
    }

    /** Adds the numbers of a range that are below its size. */
    void addRange(long from, long to) {
        for (long b = from; b < Math.min(to, blocks); b++) {
            add(b);
        }
    }

    /** Adds the members of another set that are below its size. */
    void addAll(DirtyBlocks other) {
        for (int i = 0; i < Math.min(words.length, other.words.length); i++) {
            words[i] |= other.words[i];
        }
        if (blocks % Long.SIZE != 0) {
            words[words.length - 1] &= (1L << blocks) - 1;
        }
    }

    /** All members are below this. */
    long size() {
        return blocks;
    }

    /** The first member at or after {@code from}; the number of blocks when there is none. */
    long next(long from) {
        return nextBit(from, 0);
    }

    /** The first number at or after {@code from} that is not a member; the number of blocks when there is none. */
    long nextAbsent(long from) {
        return nextBit(from, -1L);
    }

    private long nextBit(long from, long flip) {
        if (from >= blocks) {
            return blocks;
        }
        int i = (int) (from >>> 6);
        long word = (words[i] ^ flip) & -1L << from;
        while (word == 0) {
            if (++i == words.length) {
                return blocks;
            }
            word = words[i] ^ flip;
        }
        return Math.min(blocks, ((long) i << 6) + Long.numberOfTrailingZeros(word));
    }

    long count() {
        long n = 0;
        for (long w : words) {
            n += Long.bitCount(w);
        }
        return n;
    }

    void clear() {
        Arrays.fill(words, 0);
    }

    DirtyBlocks copy() {
        DirtyBlocks copy = new DirtyBlocks(blocks);
        System.arraycopy(words, 0, copy.words, 0, words.length);
        return copy;
    }

    void forEach(LongConsumer consumer) {
        for (long b = next(0); b < blocks; b = next(b + 1)) {
            consumer.accept(b);
        }
    }

    /** The words of the bitmap, block 0 in the lowest bit of the first. */
    long[] words() {
        return words;
    }
}
