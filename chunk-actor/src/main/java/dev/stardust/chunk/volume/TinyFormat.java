package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.store.UnsupportedVersionException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The layout of a tiny volume's file; little-endian.
 *
 * <pre>
 *  header, 64 bytes                              entry, 48 bytes, appended; a later one replaces an earlier of its offset
 *   0  magic "TINYVOL\0"                          0  chunk id, 32 bytes; zeros for a window of zeros
 *   8  version, 1, 2 bytes                       32  offset in the volume, 6 bytes, a multiple of 65536
 *  10  flags, 2 bytes: bit 0, the base is a      38  length - 1, 2 bytes
 *      layer                                     40  flags, 0
 *  12  entries that are durable for sure         44  CRC32C of bytes 0..43
 *  16  base, 32 bytes: root id of a manifest,
 *      or a layer's id; zeros for none
 *  48  size in bytes
 *  56  number that its delta names
 *  60  CRC32C of bytes 0..59
 * </pre>
 */
final class TinyFormat {
    static final int HEADER_BYTES = 64;
    static final int ENTRY_BYTES = 48;

    /** Bytes of the volume that an entry stands for, but the last. */
    static final int WINDOW_BYTES = 1 << 16;

    private static final long MAGIC = 0x004C4F56594E4954L;
    private static final int VERSION = 1;
    private static final int BASE_IS_LAYER = 1;
    private static final int HEADER_CRC_AT = 60;
    private static final int ENTRY_CRC_AT = 44;

    private TinyFormat() {}

    /** An entry: the window at {@code offset} holds the {@code length} bytes of a chunk. */
    record Entry(ChunkId id, long offset, int length) {}

    /** Writes a header that tells of so many entries that are durable for sure. */
    static void putHeader(ByteBuffer b, TinyHeader h, int entries) {
        b.putLong(0, MAGIC);
        b.putShort(8, (short) VERSION);
        b.putShort(10, (short) (h.baseIsLayer() ? BASE_IS_LAYER : 0));
        b.putInt(12, entries);
        h.base().put(b, 16);
        b.putLong(48, h.sizeBytes());
        b.putInt(56, h.number());
        b.putInt(HEADER_CRC_AT, crc(b, 0, HEADER_CRC_AT));
    }

    static TinyHeader header(ByteBuffer b, Object file) throws CorruptChunkException, UnsupportedVersionException {
        if (b.getLong(0) != MAGIC) {
            throw new CorruptChunkException(file + " is no volume");
        }
        if (b.getInt(HEADER_CRC_AT) != crc(b, 0, HEADER_CRC_AT)) {
            throw new CorruptChunkException(file + " is damaged: wrong checksum of its header");
        }
        UnsupportedVersionException.check(file, b.getShort(8), VERSION);
        int flags = b.getShort(10);
        long size = b.getLong(48);
        if ((flags & ~BASE_IS_LAYER) != 0 || b.getInt(12) < 0 || size < 1 || size > DeltaVolume.MAX_SIZE_BYTES) {
            throw new CorruptChunkException(file + " contradicts itself in its header");
        }
        return new TinyHeader(ChunkId.get(b, 16), flags == BASE_IS_LAYER, size, b.getInt(56));
    }

    /** How many entries are durable for sure: what is wrong with one of them is damage. */
    static int durableEntries(ByteBuffer header) {
        return header.getInt(12);
    }

    static void putEntry(ByteBuffer b, int at, Entry e) {
        e.id().put(b, at);
        b.putInt(at + 32, (int) e.offset());
        b.putShort(at + 36, (short) (e.offset() >>> 32));
        b.putShort(at + 38, (short) (e.length() - 1));
        b.putInt(at + 40, 0);
        b.putInt(at + ENTRY_CRC_AT, crc(b, at, ENTRY_CRC_AT));
    }

    /** The entry there, or null if it is not sound or does not fit a volume of that size. */
    static Entry entry(ByteBuffer b, int at, long sizeBytes) {
        if (b.getInt(at + ENTRY_CRC_AT) != crc(b, at, ENTRY_CRC_AT) || b.getInt(at + 40) != 0) {
            return null;
        }
        long offset = (b.getInt(at + 32) & 0xffff_ffffL) | (b.getShort(at + 36) & 0xffffL) << 32;
        int length = (b.getShort(at + 38) & 0xffff) + 1;
        boolean fits = offset % WINDOW_BYTES == 0 && length == Math.min(WINDOW_BYTES, sizeBytes - offset);
        return fits ? new Entry(ChunkId.get(b, at), offset, length) : null;
    }

    private static int crc(ByteBuffer b, int at, int length) {
        CRC32C crc = new CRC32C();
        crc.update(b.duplicate().limit(at + length).position(at));
        return (int) crc.getValue();
    }
}
