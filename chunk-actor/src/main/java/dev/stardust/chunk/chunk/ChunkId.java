package dev.stardust.chunk.chunk;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * The BLAKE3-256 hash of a chunk's raw bytes: its name everywhere. Held as four longs, the first byte of the hash in
 * the highest byte of {@code w0}, so that comparing words compares the hashes as byte strings.
 *
 * @param w0 bytes 0..7, big-endian
 * @param w1 bytes 8..15, big-endian
 * @param w2 bytes 16..23, big-endian
 * @param w3 bytes 24..31, big-endian
 */
public record ChunkId(long w0, long w1, long w2, long w3) implements Comparable<ChunkId> {
    /** Bytes of an id. */
    public static final int BYTES = 32;

    /** All zero: stands for "no chunk" in our formats; no known data hashes to it. */
    public static final ChunkId ZERO = new ChunkId(0, 0, 0, 0);

    /** The id in {@code bytes}, which must be 32 long. */
    public static ChunkId of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("a chunk id has " + BYTES + " bytes, not " + bytes.length);
        }
        return get(ByteBuffer.wrap(bytes), 0);
    }

    /** The id in the 32 bytes at {@code index}, whatever the buffer's order; its position stays. */
    public static ChunkId get(ByteBuffer buffer, int index) {
        boolean swap = buffer.order() == ByteOrder.LITTLE_ENDIAN;
        return new ChunkId(
                word(buffer.getLong(index), swap),
                word(buffer.getLong(index + 8), swap),
                word(buffer.getLong(index + 16), swap),
                word(buffer.getLong(index + 24), swap));
    }

    /** The id in the 32 bytes at a native address. */
    public static ChunkId get(long address) {
        return new ChunkId(
                NativeBuffer.getLongBigEndian(address),
                NativeBuffer.getLongBigEndian(address + 8),
                NativeBuffer.getLongBigEndian(address + 16),
                NativeBuffer.getLongBigEndian(address + 24));
    }

    /** The id written as 64 hex digits of either case. */
    public static ChunkId ofHex(String hex) {
        if (hex.length() != 2 * BYTES) {
            throw new IllegalArgumentException("a chunk id has " + 2 * BYTES + " hex digits, not " + hex.length());
        }
        return of(HexFormat.of().parseHex(hex));
    }

    /** Writes the 32 bytes at {@code index}, whatever the buffer's order; its position stays. */
    public void put(ByteBuffer buffer, int index) {
        boolean swap = buffer.order() == ByteOrder.LITTLE_ENDIAN;
        buffer.putLong(index, word(w0, swap));
        buffer.putLong(index + 8, word(w1, swap));
        buffer.putLong(index + 16, word(w2, swap));
        buffer.putLong(index + 24, word(w3, swap));
    }

    /** The 32 bytes. */
    public byte[] toBytes() {
        byte[] bytes = new byte[BYTES];
        put(ByteBuffer.wrap(bytes), 0);
        return bytes;
    }

    /** 64 lower-case hex digits. */
    public String hex() {
        return HexFormat.of().formatHex(toBytes());
    }

    /** The shard of {@code shards} this chunk belongs to, by its first 32 bits; for a power of two, its first bits. */
    public int shard(int shards) {
        return (int) (((w0 >>> 32) * shards) >>> 32);
    }

    /** Whether this is {@link #ZERO}. */
    public boolean isZero() {
        return (w0 | w1 | w2 | w3) == 0;
    }

    @Override
    public int compareTo(ChunkId o) {
        int c = Long.compareUnsigned(w0, o.w0);
        if (c == 0) {
            c = Long.compareUnsigned(w1, o.w1);
        }
        if (c == 0) {
            c = Long.compareUnsigned(w2, o.w2);
        }
        return c == 0 ? Long.compareUnsigned(w3, o.w3) : c;
    }

    /** The hash is uniform already: its first bits will do. */
    @Override
    public int hashCode() {
        return (int) w1;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof ChunkId i && w0 == i.w0 && w1 == i.w1 && w2 == i.w2 && w3 == i.w3;
    }

    @Override
    public String toString() {
        return hex();
    }

    private static long word(long value, boolean swap) {
        return swap ? Long.reverseBytes(value) : value;
    }
}
