package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.StoredChunk;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The layout of segment files; all numbers little-endian, every record at a multiple of 8.
 *
 * <pre>
 *  file header, 64 bytes                    record, header of 56 bytes
 *   0  magic "SDSEGMNT"                      0  magic "CHNK"
 *   8  version, 1                            4  raw length minus one (u16)
 *  12  segment number                        6  flags (u8): bit 0 zstd       7  zero (u8)
 *  16  store UUID, 16 bytes, big-endian      8  stored length
 *  32  zeros                                12  CRC32C of the stored bytes
 *  60  CRC32C of bytes 0..59                16  chunk id, 32 bytes
 *                                           48  CRC32C of bytes 0..47       52  zeros
 *                                           56  stored bytes, then zeros up to a multiple of 8
 * </pre>
 */
final class SegmentFormat {
    static final int HEADER_BYTES = 64;
    static final int RECORD_HEADER_BYTES = 56;
    static final int ALIGNMENT = 8;
    static final int MAX_RECORD_BYTES = RECORD_HEADER_BYTES + FastCdc.MAX_CHUNK_BYTES;
    static final int VERSION = 1;

    private static final long MAGIC = 0x544E4D4745534453L;
    private static final int RECORD_MAGIC = 0x4B4E4843;
    private static final int ZSTD = 1;

    private SegmentFormat() {}

    /** What a record's header says. */
    record Header(ChunkId id, int rawLength, int storedLength, boolean compressed, int crc) {
        /** Bytes of the whole record, padding included. */
        int recordBytes() {
            return align(RECORD_HEADER_BYTES + storedLength);
        }
    }

    static int align(int bytes) {
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    static void putFileHeader(ByteBuffer b, int segment, UUID store) {
        for (int i = 0; i < HEADER_BYTES; i += 8) {
            b.putLong(i, 0);
        }
        b.putLong(0, MAGIC);
        b.putInt(8, VERSION);
        b.putInt(12, segment);
        b.putLong(16, Long.reverseBytes(store.getMostSignificantBits()));
        b.putLong(24, Long.reverseBytes(store.getLeastSignificantBits()));
        b.putInt(60, crc(b, 0, 60));
    }

    /**
     * The UUID of the store that a segment belongs to.
     *
     * @throws CorruptChunkException when the header is damaged or not that of segment {@code segment}
     * @throws UnsupportedVersionException when a newer release wrote it
     */
    static UUID fileHeader(ByteBuffer b, int segment, Object name)
            throws CorruptChunkException, UnsupportedVersionException {
        if (b.getLong(0) != MAGIC || b.getInt(60) != crc(b, 0, 60)) {
            throw new CorruptChunkException(name + " does not start with a segment header");
        }
        UnsupportedVersionException.check(name, b.getInt(8), VERSION);
        if (b.getInt(12) != segment) {
            throw new CorruptChunkException(name + " says it is segment " + b.getInt(12));
        }
        return new UUID(Long.reverseBytes(b.getLong(16)), Long.reverseBytes(b.getLong(24)));
    }

    /** Writes a record at the buffer's start; returns its bytes, padding included. */
    static int putRecord(ByteBuffer b, StoredChunk chunk) {
        int stored = chunk.bytes().remaining();
        int total = align(RECORD_HEADER_BYTES + stored);
        b.putLong(total - 8, 0);
        b.put(RECORD_HEADER_BYTES, chunk.bytes(), chunk.bytes().position(), stored);
        b.putInt(0, RECORD_MAGIC);
        b.putShort(4, (short) (chunk.rawLength() - 1));
        b.put(6, (byte) (chunk.compressed() ? ZSTD : 0));
        b.put(7, (byte) 0);
        b.putInt(8, stored);
        b.putInt(12, crc(b, RECORD_HEADER_BYTES, stored));
        chunk.id().put(b, 16);
        b.putInt(48, crc(b, 0, 48));
        b.putInt(52, 0);
        return total;
    }

    /** The record header at the buffer's start, or null when there is none. */
    static Header recordHeader(ByteBuffer b) {
        if (b.getInt(0) != RECORD_MAGIC || b.getInt(48) != crc(b, 0, 48)) {
            return null;
        }
        int raw = (b.getShort(4) & 0xffff) + 1;
        int stored = b.getInt(8);
        boolean compressed = b.get(6) == ZSTD;
        boolean known = (b.get(6) & ~ZSTD) == 0 && b.get(7) == 0 && b.getInt(52) == 0;
        boolean possible = stored > 0 && (compressed ? stored < raw : stored == raw);
        return known && possible ? new Header(ChunkId.get(b, 16), raw, stored, compressed, b.getInt(12)) : null;
    }

    static boolean looksLikeRecord(ByteBuffer b, int at) {
        return b.getInt(at) == RECORD_MAGIC;
    }

    static int crc(ByteBuffer b, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(b.duplicate().limit(offset + length).position(offset));
        return (int) crc.getValue();
    }
}
