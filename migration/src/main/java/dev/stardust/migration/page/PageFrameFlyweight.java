package dev.stardust.migration.page;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One frame of a page stream, in a direct buffer of its own. All numbers are little-endian and unsigned.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  |                         magic "SDPF"                          |
 *  +---------------+---------------+-------------------------------+
 *  |  version (1)  |     type      |             flags             |
 *  +---------------+---------------+-------------------------------+
 *  |                  sequence, from 0, 64 bits                    |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  |                      number of entries                        |
 *  +---------------------------------------------------------------+
 *  |                  length of data in this frame                 |
 *  +---------------------------------------------------------------+
 *  |           length of data before zstd (same without)           |
 *  +---------------------------------------------------------------+
 *  |          CRC-32C of bytes 0 to 27 and 32 to the end           |
 *  +---------------------------------------------------------------+
 *  |                  entries, 16 bytes each                      ...
 *  +---------------------------------------------------------------+
 *  |                  data                                        ...
 *  +---------------------------------------------------------------+
 *
 *  entry:
 *  +---------------+---------------+-------------------------------+
 *  |     kind      |     disk      |               0               |
 *  +---------------+---------------+-------------------------------+
 *  |              first page (or block of the disk)                |
 *  +---------------------------------------------------------------+
 *  |                     number of pages (blocks)                  |
 *  +---------------------------------------------------------------+
 *  |              SAME_AS: first page to copy from, else 0         |
 *  +---------------------------------------------------------------+
 * </pre>
 *
 * <p>Types. PAGES: entries are applied in order; DATA and BLOCK entries take their 4 KiB pieces from the data, in order.
 * ROUND_END: data is round (4 bytes), whether it was the last (4 bytes), then 8 bytes each: pages of the round told as
 * DATA, ZERO, BASE, SAME_AS, disk blocks, and bytes of device state so far. STATE: data is offset and total length of
 * the device state (4 bytes each) and a piece of it.
 *
 * <p>Flags. LINES: each 4 KiB piece is a mask of 64 bits, bit n for line n of 64 bytes, and the lines whose bit is set;
 * the others are zero. ZSTD: the data (after LINES, if that is set too) is one zstd frame.
 */
final class PageFrameFlyweight {
    static final int HEADER_LENGTH = 32;
    static final int ENTRY_LENGTH = 16;
    static final int MAX_DATA_PAGES = 64;
    static final int MAX_ENTRIES = 4096;

    /** No frame is longer: every piece by LINES with all lines set. */
    static final int MAX_DATA_LENGTH = MAX_DATA_PAGES * (Pages.SIZE + 8);

    static final int MAX_LENGTH = HEADER_LENGTH + MAX_ENTRIES * ENTRY_LENGTH + MAX_DATA_LENGTH;

    static final int TYPE_PAGES = 1;
    static final int TYPE_ROUND_END = 2;
    static final int TYPE_STATE = 3;

    static final int FLAG_ZSTD = 1;
    static final int FLAG_LINES = 2;

    static final int KIND_DATA = 1;
    static final int KIND_ZERO = 2;
    static final int KIND_BASE = 3;
    static final int KIND_SAME_AS = 4;
    static final int KIND_BLOCK = 5;

    static final int ROUND_END_LENGTH = 56;
    static final int STATE_PREFIX_LENGTH = 8;

    private static final int MAGIC = 0x46504453;
    private static final int VERSION = 1;
    private static final int MAGIC_OFFSET = 0;
    private static final int VERSION_OFFSET = 4;
    private static final int TYPE_OFFSET = 5;
    private static final int FLAGS_OFFSET = 6;
    private static final int SEQUENCE_OFFSET = 8;
    private static final int ENTRIES_OFFSET = 16;
    private static final int DATA_LENGTH_OFFSET = 20;
    private static final int RAW_LENGTH_OFFSET = 24;
    private static final int CRC_OFFSET = 28;

    private static final int FIRST_OFFSET = 4;
    private static final int RUN_OFFSET = 8;
    private static final int SOURCE_OFFSET = 12;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private final ByteBuffer bytes;
    private final ByteBuffer crcView;
    private final UnsafeBuffer buffer;
    private final CRC32C crc = new CRC32C();

    PageFrameFlyweight(int capacity) {
        this.bytes = ByteBuffer.allocateDirect(capacity);
        this.crcView = bytes.duplicate();
        this.buffer = new UnsafeBuffer(bytes);
    }

    ByteBuffer bytes() {
        return bytes;
    }

    UnsafeBuffer buffer() {
        return buffer;
    }

    long address() {
        return buffer.addressOffset();
    }

    // ---- writing ----

    /** Writes the header of a frame whose entries and data are in place, and returns the frame's length. */
    int seal(int type, int flags, long sequence, int entries, int dataLength, int rawLength) {
        buffer.putInt(MAGIC_OFFSET, MAGIC, LE);
        buffer.putByte(VERSION_OFFSET, (byte) VERSION);
        buffer.putByte(TYPE_OFFSET, (byte) type);
        buffer.putShort(FLAGS_OFFSET, (short) flags, LE);
        buffer.putLong(SEQUENCE_OFFSET, sequence, LE);
        buffer.putInt(ENTRIES_OFFSET, entries, LE);
        buffer.putInt(DATA_LENGTH_OFFSET, dataLength, LE);
        buffer.putInt(RAW_LENGTH_OFFSET, rawLength, LE);
        int length = dataOffset(entries) + dataLength;
        buffer.putInt(CRC_OFFSET, checksum(length), LE);
        return length;
    }

    void putEntry(int index, int kind, int disk, int first, int run, int source) {
        int at = HEADER_LENGTH + index * ENTRY_LENGTH;
        buffer.putInt(at, kind | disk << 8, LE);
        buffer.putInt(at + FIRST_OFFSET, first, LE);
        buffer.putInt(at + RUN_OFFSET, run, LE);
        buffer.putInt(at + SOURCE_OFFSET, source, LE);
    }

    /** Makes the entry one longer. */
    void growEntry(int index) {
        int at = HEADER_LENGTH + index * ENTRY_LENGTH + RUN_OFFSET;
        buffer.putInt(at, buffer.getInt(at, LE) + 1, LE);
    }

    // ---- reading ----

    /**
     * Checks what a frame of {@code length} bytes at the buffer's start says about itself.
     *
     * @throws PageFrameException when it is no whole, undamaged frame of this version with this sequence
     */
    void check(int length, long expectedSequence) {
        if (length < HEADER_LENGTH || length > buffer.capacity()) {
            throw new PageFrameException("a frame of " + length + " bytes");
        }
        if (buffer.getInt(MAGIC_OFFSET, LE) != MAGIC) {
            throw new PageFrameException("not a page frame: wrong magic");
        }
        if (buffer.getByte(VERSION_OFFSET) != VERSION) {
            throw new PageFrameException("page frame of version " + buffer.getByte(VERSION_OFFSET)
                    + ", this node knows " + VERSION + "; upgrade the older node");
        }
        if (buffer.getInt(CRC_OFFSET, LE) != checksum(length)) {
            throw new PageFrameException("page frame damaged: wrong checksum");
        }
        if (sequence() != expectedSequence) {
            throw new PageFrameException("page frame " + sequence() + " instead of " + expectedSequence);
        }
        int entries = entries();
        int data = dataLength();
        int raw = rawLength();
        if (entries < 0 || entries > MAX_ENTRIES || data < 0 || length != (long) dataOffset(entries) + data) {
            throw new PageFrameException(
                    "page frame of " + length + " bytes claims " + entries + " entries and " + data + " of data");
        }
        if (raw < 0 || raw > MAX_DATA_LENGTH || (flags() & ~(FLAG_ZSTD | FLAG_LINES)) != 0) {
            throw new PageFrameException("page frame with flags " + flags() + " and " + raw + " bytes of data");
        }
        if ((flags() & FLAG_ZSTD) == 0 && raw != data) {
            throw new PageFrameException("page frame with two lengths of data, " + data + " and " + raw);
        }
        if (type() != TYPE_PAGES && (entries != 0 || flags() != 0)) {
            throw new PageFrameException("frame of type " + type() + " with entries or flags");
        }
    }

    int type() {
        return buffer.getByte(TYPE_OFFSET) & 0xff;
    }

    int flags() {
        return buffer.getShort(FLAGS_OFFSET, LE) & 0xffff;
    }

    long sequence() {
        return buffer.getLong(SEQUENCE_OFFSET, LE);
    }

    int entries() {
        return buffer.getInt(ENTRIES_OFFSET, LE);
    }

    int dataLength() {
        return buffer.getInt(DATA_LENGTH_OFFSET, LE);
    }

    int rawLength() {
        return buffer.getInt(RAW_LENGTH_OFFSET, LE);
    }

    int dataOffset(int entries) {
        return HEADER_LENGTH + entries * ENTRY_LENGTH;
    }

    int kind(int index) {
        return buffer.getByte(HEADER_LENGTH + index * ENTRY_LENGTH) & 0xff;
    }

    int disk(int index) {
        return buffer.getByte(HEADER_LENGTH + index * ENTRY_LENGTH + 1) & 0xff;
    }

    boolean reservedIsZero(int index) {
        return buffer.getShort(HEADER_LENGTH + index * ENTRY_LENGTH + 2, LE) == 0;
    }

    long first(int index) {
        return entryField(index, FIRST_OFFSET);
    }

    long run(int index) {
        return entryField(index, RUN_OFFSET);
    }

    long source(int index) {
        return entryField(index, SOURCE_OFFSET);
    }

    private long entryField(int index, int offset) {
        return buffer.getInt(HEADER_LENGTH + index * ENTRY_LENGTH + offset, LE) & 0xffff_ffffL;
    }

    private int checksum(int length) {
        crc.reset();
        crcView.limit(CRC_OFFSET).position(0);
        crc.update(crcView);
        crcView.limit(length).position(HEADER_LENGTH);
        crc.update(crcView);
        return (int) crc.getValue();
    }
}
