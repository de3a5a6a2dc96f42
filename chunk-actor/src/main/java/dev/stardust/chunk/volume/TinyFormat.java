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
 *   8  version, 1                                32  offset in the volume, 6 bytes, a multiple of 65536
 *  12  flags, 0                                  38  length - 1, 2 bytes
 *  16  root id of the base's manifest, 32 bytes  40  flags, 0
 *      zeros for none                            44  CRC32C of bytes 0..43
 *  48  size in bytes
 *  56  zero
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

    private TinyFormat() {}

    /** What a header says. */
    record Header(ChunkId base, long sizeBytes) {}

    /** What an entry says: the window at {@code offset} holds the {@code length} bytes of a chunk. */
    record Entry(ChunkId id, long offset, int length) {}

    static void putHeader(ByteBuffer b, Header h) {
        b.putLong(0, MAGIC);
        b.putInt(8, VERSION);
        b.putInt(12, 0);
        h.base().put(b, 16);
        b.putLong(48, h.sizeBytes());
        b.putInt(56, 0);
        b.putInt(60, crc(b, 0, 60));
    }

    static Header header(ByteBuffer b, Object file) throws CorruptChunkException, UnsupportedVersionException {
        if (b.getLong(0) != MAGIC) {
            throw new CorruptChunkException(file + " is no tiny volume");
        }
        if (b.getInt(60) != crc(b, 0, 60)) {
            throw new CorruptChunkException(file + " is damaged: wrong checksum of its header");
        }
        UnsupportedVersionException.check(file, b.getInt(8), VERSION);
        long size = b.getLong(48);
        if (b.getInt(12) != 0 || size < 1 || size > DeltaVolume.MAX_SIZE_BYTES) {
            throw new CorruptChunkException(file + " contradicts itself in its header");
        }
        return new Header(ChunkId.get(b, 16), size);
    }

    static void putEntry(ByteBuffer b, int at, Entry e) {
        e.id().put(b, at);
        b.putInt(at + 32, (int) e.offset());
        b.putShort(at + 36, (short) (e.offset() >>> 32));
        b.putShort(at + 38, (short) (e.length() - 1));
        b.putInt(at + 40, 0);
        b.putInt(at + 44, crc(b, at, 44));
    }

    /** The entry there, or null if it is not sound or does not fit a volume of that size. */
    static Entry entry(ByteBuffer b, int at, long sizeBytes) {
        if (b.getInt(at + 44) != crc(b, at, 44) || b.getInt(at + 40) != 0) {
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
