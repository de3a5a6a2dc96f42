package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import java.util.Arrays;

/**
 * What a disk image or a memory is made of: chunks at ascending offsets that do not overlap; all between them is zeros.
 * Immutable; 44 bytes an extent.
 */
public final class Manifest {
    /** The largest size a manifest may describe, in bytes: 64 TiB. */
    public static final long MAX_SIZE_BYTES = 1L << 46;

    private final long sizeBytes;
    private final int count;
    private final long[] offsets;
    private final int[] lengths;
    private final long[] ids;

    private Manifest(Builder b, long sizeBytes) {
        this.sizeBytes = sizeBytes;
        count = b.count;
        offsets = Arrays.copyOf(b.offsets, count);
        lengths = Arrays.copyOf(b.lengths, count);
        ids = Arrays.copyOf(b.ids, 4 * count);
    }

    /** A manifest of {@code sizeBytes} with nothing in it yet. */
    public static Builder builder(long sizeBytes) {
        return new Builder(sizeBytes);
    }

    /** Size of the image in bytes, holes included. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Number of extents, each one chunk. */
    public int count() {
        return count;
    }

    /** Where extent {@code i} starts, in bytes. */
    public long offset(int i) {
        return offsets[i];
    }

    /** Length of extent {@code i}, in bytes. */
    public int length(int i) {
        return lengths[i];
    }

    /** Where extent {@code i} ends, in bytes. */
    public long end(int i) {
        return offsets[i] + lengths[i];
    }

    /** The chunk of extent {@code i}. */
    public ChunkId id(int i) {
        return new ChunkId(ids[4 * i], ids[4 * i + 1], ids[4 * i + 2], ids[4 * i + 3]);
    }

    /** The first extent that ends after {@code offset}; {@link #count()} when there is none. */
    public int firstEndingAfter(long offset) {
        int i = Arrays.binarySearch(offsets, 0, count, offset);
        int before = i >= 0 ? i : -i - 2;
        return before >= 0 && end(before) > offset ? before : before + 1;
    }

    /** Bytes that are not in holes. */
    public long dataBytes() {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += lengths[i];
        }
        return sum;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Manifest m
                && sizeBytes == m.sizeBytes
                && Arrays.equals(offsets, m.offsets)
                && Arrays.equals(lengths, m.lengths)
                && Arrays.equals(ids, m.ids);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(sizeBytes) + Arrays.hashCode(ids);
    }

    @Override
    public String toString() {
        return "Manifest of " + sizeBytes + " bytes in " + count + " chunks";
    }

    /** Takes extents in ascending order. */
    public static final class Builder {
        private final long sizeBytes;
        private int count;
        private long[] offsets = new long[64];
        private int[] lengths = new int[64];
        private long[] ids = new long[256];

        private Builder(long sizeBytes) {
            this.sizeBytes = checked(sizeBytes);
        }

        private static long checked(long sizeBytes) {
            if (sizeBytes < 1 || sizeBytes > MAX_SIZE_BYTES) {
                throw new IllegalArgumentException(
                        "a manifest describes 1 to " + MAX_SIZE_BYTES + " bytes, not " + sizeBytes);
            }
            return sizeBytes;
        }

        private long end() {
            return count == 0 ? 0 : offsets[count - 1] + lengths[count - 1];
        }

        /** Adds a chunk of {@code length} bytes at {@code offset}, at or after the end of the last one. */
        public Builder add(long offset, int length, ChunkId id) {
            long previousEnd = end();
            if (length < 1 || length > FastCdc.MAX_CHUNK_BYTES || offset < previousEnd || offset > sizeBytes - length) {
                throw new IllegalArgumentException("extent of " + length + " bytes at " + offset
                        + " does not fit after " + previousEnd + " in " + sizeBytes);
            }
            if (count == offsets.length) {
                offsets = Arrays.copyOf(offsets, 2 * count);
                lengths = Arrays.copyOf(lengths, 2 * count);
                ids = Arrays.copyOf(ids, 8 * count);
            }
            offsets[count] = offset;
            lengths[count] = length;
            ids[4 * count] = id.w0();
            ids[4 * count + 1] = id.w1();
            ids[4 * count + 2] = id.w2();
            ids[4 * count + 3] = id.w3();
            count++;
            return this;
        }

        /** Number of extents so far. */
        public int count() {
            return count;
        }

        public Manifest build() {
            return build(sizeBytes);
        }

        /** As {@link #build()}, and the size is {@code sizeBytes}, which is not less than where the last extent ends. */
        public Manifest build(long sizeBytes) {
            if (end() > checked(sizeBytes)) {
                throw new IllegalArgumentException("extents up to " + end() + " do not fit in " + sizeBytes);
            }
            return new Manifest(this, sizeBytes);
        }
    }
}
