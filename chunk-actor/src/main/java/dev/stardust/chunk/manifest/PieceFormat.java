package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.store.UnsupportedVersionException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A piece of a stored manifest, itself a chunk. Little-endian.
 *
 * <pre>
 *   0  magic "SDMF"
 *   4  version, 1 (u16)       6  level (u8)      7  zero (u8)
 *   8  bytes of the image that this piece describes (u64)
 *  16  number of entries n, at least 1
 *  20  CRC32C of all other bytes of the piece
 *  24  n entries of 40 bytes: length in bytes (u64), id (32 bytes)
 * </pre>
 *
 * An entry of level 0 is a chunk of data, or a hole when its id is all zero (never two holes in a row). An entry of
 * level k is a piece of level k-1. The root is the only piece of its level.
 */
final class PieceFormat {
    static final int MAX_ENTRIES = (FastCdc.MAX_CHUNK_BYTES - 24) / 40;
    static final int MAX_LEVEL = 4;

    private static final int MAGIC = 0x464D4453;
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 24;
    private static final int ENTRY_BYTES = 40;
    private static final int CRC_AT = 20;

    private final ByteBuffer bytes;
    private final ChunkId id;

    private PieceFormat(ByteBuffer bytes, ChunkId id) {
        this.bytes = bytes;
        this.id = id;
    }

    /** A checked view of a piece's bytes. */
    static PieceFormat wrap(ChunkId id, byte[] piece) throws CorruptChunkException, UnsupportedVersionException {
        ByteBuffer b = ByteBuffer.wrap(piece).order(ByteOrder.LITTLE_ENDIAN);
        if (piece.length < HEADER_BYTES + ENTRY_BYTES || b.getInt(0) != MAGIC) {
            throw new CorruptChunkException("chunk " + id + " is no manifest");
        }
        if (b.getInt(CRC_AT) != crc(piece, piece.length)) {
            throw new CorruptChunkException("manifest piece " + id + " is damaged: wrong checksum");
        }
        UnsupportedVersionException.check("manifest piece " + id, b.getShort(4) & 0xffff, VERSION);
        int entries = b.getInt(16);
        if (entries < 1 || entries > MAX_ENTRIES || piece.length != HEADER_BYTES + entries * ENTRY_BYTES) {
            throw new CorruptChunkException(
                    "manifest piece " + id + " of " + piece.length + " bytes cannot have " + entries + " entries");
        }
        if ((b.get(6) & 0xff) > MAX_LEVEL || b.get(7) != 0) {
            throw new CorruptChunkException("manifest piece " + id + " has an impossible level");
        }
        return new PieceFormat(b, id);
    }

    int level() {
        return bytes.get(6);
    }

    long coveredBytes() {
        return bytes.getLong(8);
    }

    int entries() {
        return bytes.getInt(16);
    }

    long length(int i) {
        return bytes.getLong(HEADER_BYTES + i * ENTRY_BYTES);
    }

    ChunkId id(int i) {
        return ChunkId.get(bytes, HEADER_BYTES + i * ENTRY_BYTES + 8);
    }

    CorruptChunkException wrong(String what) {
        return new CorruptChunkException("manifest piece " + id + " is wrong: " + what);
    }

    /** Collects entries and makes pieces of one level. */
    static final class Encoder {
        private final int level;
        private final ByteBuffer bytes =
                ByteBuffer.allocate(HEADER_BYTES + MAX_ENTRIES * ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        private int entries;
        private long covered;

        Encoder(int level) {
            this.level = level;
        }

        boolean isFull() {
            return entries == MAX_ENTRIES;
        }

        boolean isEmpty() {
            return entries == 0;
        }

        long coveredBytes() {
            return covered;
        }

        void add(long length, ChunkId id) {
            int at = HEADER_BYTES + entries * ENTRY_BYTES;
            bytes.putLong(at, length);
            id.put(bytes, at + 8);
            entries++;
            covered += length;
        }

        /** The piece; the encoder is empty again after {@link #clear()}. */
        ByteBuffer piece() {
            int length = HEADER_BYTES + entries * ENTRY_BYTES;
            bytes.putInt(0, MAGIC);
            bytes.putShort(4, (short) VERSION);
            bytes.put(6, (byte) level);
            bytes.put(7, (byte) 0);
            bytes.putLong(8, covered);
            bytes.putInt(16, entries);
            bytes.putInt(CRC_AT, crc(bytes.array(), length));
            return bytes.duplicate().position(0).limit(length);
        }

        void clear() {
            entries = 0;
            covered = 0;
        }
    }

    private static int crc(byte[] piece, int length) {
        CRC32C crc = new CRC32C();
        crc.update(piece, 0, CRC_AT);
        crc.update(piece, CRC_AT + 4, length - CRC_AT - 4);
        return (int) crc.getValue();
    }
}
