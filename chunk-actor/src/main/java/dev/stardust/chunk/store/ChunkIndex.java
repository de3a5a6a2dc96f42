package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;

/**
 * Where each chunk's record lies, by a 64-bit fingerprint of its id. A hit is only a candidate: the record has the full
 * id. Open addressing with linear probing, 16 bytes a slot, at most 85% full and at least half of that after growing:
 * 19 to 38 bytes a chunk. Thread safe.
 */
final class ChunkIndex {
    private static final int FIRST_SLOTS = 1 << 10;
    private static final double MAX_LOAD = 0.85;
    private static final long MIX = 0x9E3779B97F4A7C15L;

    /** Pairs of fingerprint and place; a place of 0 is a free slot. */
    private long[] slots = new long[2 * FIRST_SLOTS];

    private int size;

    /** Packs a place; never 0. */
    static long place(int segment, int offset) {
        return (segment + 1L) << 32 | offset;
    }

    static int segment(long place) {
        return (int) (place >>> 32) - 1;
    }

    static int offset(long place) {
        return (int) place;
    }

    /** The place of the n-th record (from 0) that may be the chunk's, or 0 when there are no more. */
    synchronized long find(ChunkId id, int nth) {
        long fingerprint = id.w1();
        int left = nth;
        for (int i = home(fingerprint); slots[i + 1] != 0; i = next(i)) {
            if (slots[i] == fingerprint && left-- == 0) {
                return slots[i + 1];
            }
        }
        return 0;
    }

    /** Adds a place; the caller knows that the chunk has none yet. */
    synchronized void add(ChunkId id, long place) {
        if (size + 1 > slots.length * (MAX_LOAD / 2)) {
            grow();
        }
        insert(id.w1(), place);
        size++;
    }

    synchronized long bytes() {
        return 8L * slots.length;
    }

    synchronized int size() {
        return size;
    }

    private void grow() {
        long[] old = slots;
        slots = new long[Math.multiplyExact(old.length, 2)];
        for (int i = 0; i < old.length; i += 2) {
            if (old[i + 1] != 0) {
                insert(old[i], old[i + 1]);
            }
        }
    }

    private void insert(long fingerprint, long place) {
        int i = home(fingerprint);
        while (slots[i + 1] != 0) {
            i = next(i);
        }
        slots[i] = fingerprint;
        slots[i + 1] = place;
    }

    private int home(long fingerprint) {
        int bits = Integer.numberOfTrailingZeros(slots.length) - 1;
        return (int) ((fingerprint * MIX) >>> (64 - bits)) << 1;
    }

    private int next(int i) {
        return (i + 2) & (slots.length - 1);
    }
}
