package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;
import java.util.Arrays;

/**
 * Where each chunk's record lies, by a 64-bit fingerprint of its id. A hit is only a candidate: the record has the full
 * id. 16 bytes a slot; open addressing with linear probing, in shards that grow one by one, by a quarter, when they are
 * 85% full: 19 to 24 bytes a chunk, and no more while it grows. Thread safe; threads meet only in the same shard.
 *
 * <p>Each place carries the epoch in which the chunk was last touched: found or added by a writer, or marked by a
 * collection. Epochs are counted modulo 65,536: a chunk that long untouched may seem touched once, and stays until the
 * next collection. Touching and removing what is not touched exclude each other.
 */
final class ChunkIndex {
    private static final int SHARD_BITS = 10;
    private static final int FIRST_SLOTS = 8;
    private static final double MAX_LOAD = 0.85;
    private static final long MIX = 0x9E3779B97F4A7C15L;
    private static final int OFFSET_BITS = 25;
    private static final long OFFSET_MASK = (1L << OFFSET_BITS) - 1;
    private static final int EPOCH_AT = 47;
    private static final long EPOCH_STEP = 1L << EPOCH_AT;
    private static final long EPOCH_MASK = 0xffffL << EPOCH_AT;

    private final Shard[] shards = new Shard[1 << SHARD_BITS];

    /** As it is in a place that is touched. */
    private volatile long epoch;

    ChunkIndex() {
        Arrays.setAll(shards, i -> new Shard());
    }

    /** Packs a place; never 0. Offsets are those of records: multiples of 8 below 256 MiB; segments 22 bits, a petabyte. */
    static long place(int segment, int offset) {
        return (segment + 1L) << OFFSET_BITS | offset / SegmentFormat.ALIGNMENT;
    }

    static int segment(long place) {
        return (int) (place >>> OFFSET_BITS) - 1;
    }

    static int offset(long place) {
        return (int) (place & OFFSET_MASK) * SegmentFormat.ALIGNMENT;
    }

    /** What stands for an id here and in segment indexes. */
    static long fingerprint(ChunkId id) {
        return id.w1();
    }

    /** The place of the n-th record (from 0) that may be the chunk's, or 0 when there are no more. */
    long find(ChunkId id, int nth) {
        long hash = hash(fingerprint(id));
        return shard(hash).find(hash, fingerprint(id), nth);
    }

    /** Adds a place; the caller knows that the chunk has none yet. */
    void add(long fingerprint, long place) {
        long hash = hash(fingerprint);
        shard(hash).add(hash, fingerprint, place);
    }

    /** From now on nothing counts as touched. */
    synchronized void nextEpoch() {
        epoch = (epoch + EPOCH_STEP) & EPOCH_MASK;
    }

    /** Touches a chunk's record; false if it was removed meanwhile. */
    boolean touch(long fingerprint, long place) {
        long hash = hash(fingerprint);
        return shard(hash).set(hash, fingerprint, place, place);
    }

    /** Touches all records that may be the chunk's. */
    void touchAll(long fingerprint) {
        long hash = hash(fingerprint);
        shard(hash).touchAll(hash, fingerprint);
    }

    /** Whether a record is here and touched. */
    boolean isTouched(long fingerprint, long place) {
        long hash = hash(fingerprint);
        return shard(hash).isTouched(hash, fingerprint, place);
    }

    /** Whether a record is here. */
    boolean contains(long fingerprint, long place) {
        long hash = hash(fingerprint);
        return shard(hash).contains(hash, fingerprint, place);
    }

    /** Removes a record. */
    void remove(long fingerprint, long place) {
        long hash = hash(fingerprint);
        shard(hash).remove(hash, fingerprint, place);
    }

    /** Removes a record unless it is touched; returns whether it is gone. */
    boolean removeUntouched(long fingerprint, long place) {
        long hash = hash(fingerprint);
        return shard(hash).removeUntouched(hash, fingerprint, place);
    }

    /** The record lies elsewhere now; false if it was removed meanwhile. */
    boolean move(long fingerprint, long from, long to) {
        long hash = hash(fingerprint);
        return shard(hash).set(hash, fingerprint, from, to);
    }

    /** Makes room for so many chunks at once, which is faster than growing. */
    void reserve(long chunks) {
        // A little more than a shard's share, since shares differ.
        long each = chunks / shards.length;
        for (Shard shard : shards) {
            shard.reserve(Math.toIntExact(each + each / 16));
        }
    }

    /** Bytes of memory. */
    long bytes() {
        long sum = 0;
        for (Shard shard : shards) {
            sum += shard.bytes();
        }
        return sum;
    }

    long size() {
        long sum = 0;
        for (Shard shard : shards) {
            sum += shard.size();
        }
        return sum;
    }

    private static long hash(long fingerprint) {
        return fingerprint * MIX;
    }

    private Shard shard(long hash) {
        return shards[(int) (hash >>> (Long.SIZE - SHARD_BITS))];
    }

    /** A hash table of its own. */
    private final class Shard {
        /** Pairs of fingerprint and place; a place of 0 is a free slot. */
        private long[] slots = new long[2 * FIRST_SLOTS];

        private int size;

        synchronized long find(long hash, long fingerprint, int nth) {
            int left = nth;
            for (int i = home(hash); slots[i + 1] != 0; i = next(i)) {
                if (slots[i] == fingerprint && left-- == 0) {
                    return slots[i + 1] & ~EPOCH_MASK;
                }
            }
            return 0;
        }

        synchronized boolean set(long hash, long fingerprint, long from, long to) {
            int i = slot(hash, fingerprint, from);
            if (i >= 0) {
                slots[i + 1] = to | epoch;
            }
            return i >= 0;
        }

        synchronized void touchAll(long hash, long fingerprint) {
            for (int i = home(hash); slots[i + 1] != 0; i = next(i)) {
                if (slots[i] == fingerprint) {
                    slots[i + 1] = (slots[i + 1] & ~EPOCH_MASK) | epoch;
                }
            }
        }

        synchronized boolean isTouched(long hash, long fingerprint, long place) {
            int i = slot(hash, fingerprint, place);
            return i >= 0 && slots[i + 1] == (place | epoch);
        }

        synchronized boolean contains(long hash, long fingerprint, long place) {
            return slot(hash, fingerprint, place) >= 0;
        }

        synchronized boolean removeUntouched(long hash, long fingerprint, long place) {
            if (isTouched(hash, fingerprint, place)) {
                return false;
            }
            remove(hash, fingerprint, place);
            return true;
        }

        synchronized void remove(long hash, long fingerprint, long place) {
            int i = slot(hash, fingerprint, place);
            if (i >= 0) {
                close(i);
                size--;
            }
        }

        /** The slot of a record, or -1. */
        private int slot(long hash, long fingerprint, long place) {
            for (int i = home(hash); slots[i + 1] != 0; i = next(i)) {
                if (slots[i] == fingerprint && (slots[i + 1] & ~EPOCH_MASK) == place) {
                    return i;
                }
            }
            return -1;
        }

        /** Frees a slot: entries behind it that would no longer be found move up. */
        private void close(int slot) {
            int gap = slot;
            for (int i = next(gap); slots[i + 1] != 0; i = next(i)) {
                int home = home(hash(slots[i]));
                boolean reachedWithoutGap = gap <= i ? (gap < home && home <= i) : (gap < home || home <= i);
                if (!reachedWithoutGap) {
                    slots[gap] = slots[i];
                    slots[gap + 1] = slots[i + 1];
                    gap = i;
                }
            }
            slots[gap] = 0;
            slots[gap + 1] = 0;
        }

        synchronized void add(long hash, long fingerprint, long place) {
            if (size + 1 > capacity() * MAX_LOAD) {
                resize(capacity() + capacity() / 4);
            }
            insert(hash, fingerprint, place | epoch);
            size++;
        }

        synchronized void reserve(int chunks) {
            int wanted = (int) (chunks / MAX_LOAD) + 1;
            if (wanted > capacity()) {
                resize(wanted);
            }
        }

        synchronized long bytes() {
            return 8L * slots.length;
        }

        synchronized int size() {
            return size;
        }

        private int capacity() {
            return slots.length / 2;
        }

        private void resize(int capacity) {
            long[] old = slots;
            slots = new long[Math.multiplyExact(capacity, 2)];
            for (int i = 0; i < old.length; i += 2) {
                if (old[i + 1] != 0) {
                    insert(hash(old[i]), old[i], old[i + 1]);
                }
            }
        }

        private void insert(long hash, long fingerprint, long place) {
            int i = home(hash);
            while (slots[i + 1] != 0) {
                i = next(i);
            }
            slots[i] = fingerprint;
            slots[i + 1] = place;
        }

        /** By the 32 bits of the hash behind those that chose the shard, scaled to the capacity. */
        private int home(long hash) {
            long bits = (hash << SHARD_BITS) >>> Integer.SIZE;
            return (int) ((bits * capacity()) >>> Integer.SIZE) << 1;
        }

        private int next(int i) {
            return i + 2 == slots.length ? 0 : i + 2;
        }
    }
}
