package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.store.UnsupportedVersionException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The layout of delta files, in pages of 4 KiB; little-endian.
 *
 * <pre>
 *  page 0: header                         pages 1+2p and 2+2p: both copies of map page p
 *      0  magic "SDDELTAV"                    0  magic "SDBM"
 *      8  version, 1                          4  page number p
 *     12  block bytes, 4096                   8  sequence number, from 1
 *     16  disk size in bytes                 16  zeros
 *     24  number of map pages m              28  CRC32C of all other bytes of the page
 *     28  zero                               32  bitmap: which of blocks 32512p.. are in this file,
 *     32  root id of the base's manifest         block 32512p in the lowest bit of the first byte
 *     64  zeros
 *   4092  CRC32C of bytes 0..4091         from page 1+2m: the disk, sparse: block b at its offset in the disk
 * </pre>
 */
final class DeltaFormat {
    static final int BLOCK_BYTES = 4096;
    static final int PAGE_BYTES = 4096;
    static final int PAGE_WORDS = (PAGE_BYTES - 32) / 8;
    static final int PAGE_BLOCKS = PAGE_WORDS * 64;

    private static final long MAGIC = 0x5641544C45444453L;
    private static final int VERSION = 1;
    private static final int MAP_MAGIC = 0x4D424453;
    private static final int HEADER_CRC_AT = 4092;
    private static final int MAP_CRC_AT = 28;
    private static final int BITMAP_AT = 32;

    private DeltaFormat() {}

    /** What a header says. */
    record Header(long sizeBytes, ChunkId baseManifest) {}

    static long blocks(long sizeBytes) {
        return (sizeBytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    }

    static int mapPages(long sizeBytes) {
        return Math.toIntExact((blocks(sizeBytes) + PAGE_BLOCKS - 1) / PAGE_BLOCKS);
    }

    /** Where copy 0 or 1 of a map page lies in the file. */
    static long mapPosition(int page, int copy) {
        return PAGE_BYTES * (1 + 2L * page + copy);
    }

    /** Where the disk's first byte lies in the file. */
    static long dataPosition(long sizeBytes) {
        return PAGE_BYTES * (1 + 2L * mapPages(sizeBytes));
    }

    static void putHeader(ByteBuffer b, long sizeBytes, ChunkId baseManifest) {
        clear(b);
        b.putLong(0, MAGIC);
        b.putInt(8, VERSION);
        b.putInt(12, BLOCK_BYTES);
        b.putLong(16, sizeBytes);
        b.putInt(24, mapPages(sizeBytes));
        baseManifest.put(b, 32);
        b.putInt(HEADER_CRC_AT, crc(b, HEADER_CRC_AT));
    }

    static Header header(ByteBuffer b, Object file) throws CorruptChunkException, UnsupportedVersionException {
        if (b.getLong(0) != MAGIC) {
            throw new CorruptChunkException(file + " is no delta file");
        }
        if (b.getInt(HEADER_CRC_AT) != crc(b, HEADER_CRC_AT)) {
            throw new CorruptChunkException(file + " is damaged: wrong checksum of its header");
        }
        UnsupportedVersionException.check(file, b.getInt(8), VERSION);
        long size = b.getLong(16);
        if (b.getInt(12) != BLOCK_BYTES
                || size < 1
                || size > DeltaVolume.MAX_SIZE_BYTES
                || b.getInt(24) != mapPages(size)) {
            throw new CorruptChunkException(file + " contradicts itself in its header");
        }
        return new Header(size, ChunkId.get(b, 32));
    }

    /** Makes map page {@code page} from the bitmap of all blocks. */
    static void putMapPage(ByteBuffer b, int page, long sequence, long[] words) {
        clear(b);
        b.putInt(0, MAP_MAGIC);
        b.putInt(4, page);
        b.putLong(8, sequence);
        int first = page * PAGE_WORDS;
        for (int i = 0; i < PAGE_WORDS && first + i < words.length; i++) {
            b.putLong(BITMAP_AT + 8 * i, words[first + i]);
        }
        b.putInt(MAP_CRC_AT, crc(b, MAP_CRC_AT));
    }

    /** The sequence number of a map page, 0 when it is not sound. */
    static long mapSequence(ByteBuffer b, int page) {
        boolean sound = b.getInt(0) == MAP_MAGIC && b.getInt(4) == page && b.getInt(MAP_CRC_AT) == crc(b, MAP_CRC_AT);
        return sound ? Math.max(0, b.getLong(8)) : 0;
    }

    /** Copies a sound map page into the bitmap of all blocks. */
    static void readMapPage(ByteBuffer b, int page, long[] words) {
        int first = page * PAGE_WORDS;
        for (int i = 0; i < PAGE_WORDS && first + i < words.length; i++) {
            words[first + i] = b.getLong(BITMAP_AT + 8 * i);
        }
    }

    private static void clear(ByteBuffer b) {
        for (int i = 0; i < PAGE_BYTES; i += 8) {
            b.putLong(i, 0);
        }
    }

    /** Over the whole page but the checksum itself. */
    private static int crc(ByteBuffer b, int at) {
        CRC32C crc = new CRC32C();
        crc.update(b.duplicate().position(0).limit(at));
        crc.update(b.duplicate().limit(PAGE_BYTES).position(at + 4));
        return (int) crc.getValue();
    }
}
