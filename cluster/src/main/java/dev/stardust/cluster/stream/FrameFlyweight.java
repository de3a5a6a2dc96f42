package dev.stardust.cluster.stream;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * One frame of a stream, in place over a buffer. Little-endian.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  0                      magic "SDfr"                             |
 *  +---------------------------------------------------------------+
 *  4            CRC32C of everything from offset 8 on              |
 *  +---------------+---------------+-------------------------------+
 *  8   version 1   |     kind      |           zero                |
 *  +---------------+---------------+-------------------------------+
 * 12                     payload length                            |
 *  +---------------------------------------------------------------+
 * 16                         token                                 |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 * 24                    sequence number, from 0                    |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 * 32                        payload                               ...
 *  +---------------------------------------------------------------+
 * </pre>
 *
 * Kinds: 1 data; 2 end of the stream and 3 receipt, both with a payload of three 64-bit numbers: frames, payload bytes,
 * checksum ({@link StreamReceipt}).
 */
final class FrameFlyweight {
    static final int HEADER_LENGTH = 32;
    static final int MAGIC = 0x72664453;
    static final byte VERSION = 1;

    static final byte KIND_DATA = 1;
    static final byte KIND_END = 2;
    static final byte KIND_RECEIPT = 3;
    static final int RECEIPT_LENGTH = 3 * Long.BYTES;

    static final int MAGIC_OFFSET = 0;
    static final int CHECKSUM_OFFSET = 4;
    static final int VERSION_OFFSET = 8;
    static final int KIND_OFFSET = 9;
    static final int ZERO_OFFSET = 10;
    static final int LENGTH_OFFSET = 12;
    static final int TOKEN_OFFSET = 16;
    static final int SEQUENCE_OFFSET = 24;

    private final FrameChecksum crc = new FrameChecksum();
    private DirectBuffer buffer;
    private int offset;

    /** What is wrong with a frame. */
    enum Fault {
        NONE,
        TOO_SHORT,
        BAD_MAGIC,
        BAD_VERSION,
        BAD_KIND,
        BAD_LENGTH,
        BAD_TOKEN,
        BAD_CHECKSUM
    }

    /** Writes header and checksum around a payload that is already in its place; returns the checksum. */
    int seal(MutableDirectBuffer target, int at, byte kind, long token, long sequence, int payloadLength) {
        target.putInt(at + MAGIC_OFFSET, MAGIC, LITTLE_ENDIAN);
        target.putByte(at + VERSION_OFFSET, VERSION);
        target.putByte(at + KIND_OFFSET, kind);
        target.putShort(at + ZERO_OFFSET, (short) 0, LITTLE_ENDIAN);
        target.putInt(at + LENGTH_OFFSET, payloadLength, LITTLE_ENDIAN);
        target.putLong(at + TOKEN_OFFSET, token, LITTLE_ENDIAN);
        target.putLong(at + SEQUENCE_OFFSET, sequence, LITTLE_ENDIAN);
        int checksum = crc.compute(target, at + VERSION_OFFSET, HEADER_LENGTH - VERSION_OFFSET + payloadLength);
        target.putInt(at + CHECKSUM_OFFSET, checksum, LITTLE_ENDIAN);
        return checksum;
    }

    /** Looks at the frame that fills these bytes; its fields may be read only if the answer is {@link Fault#NONE}. */
    Fault wrap(DirectBuffer source, int at, int length, long token) {
        buffer = source;
        offset = at;
        if (length < HEADER_LENGTH) {
            return Fault.TOO_SHORT;
        }
        if (source.getInt(at + MAGIC_OFFSET, LITTLE_ENDIAN) != MAGIC) {
            return Fault.BAD_MAGIC;
        }
        if (source.getByte(at + VERSION_OFFSET) != VERSION) {
            return Fault.BAD_VERSION;
        }
        if (source.getLong(at + TOKEN_OFFSET, LITTLE_ENDIAN) != token) {
            return Fault.BAD_TOKEN;
        }
        if (payloadLength() != length - HEADER_LENGTH) {
            return Fault.BAD_LENGTH;
        }
        byte kind = kind();
        boolean known = kind == KIND_DATA || kind == KIND_END || kind == KIND_RECEIPT;
        if (!known || source.getShort(at + ZERO_OFFSET, LITTLE_ENDIAN) != 0) {
            return Fault.BAD_KIND;
        }
        if (kind != KIND_DATA && payloadLength() != RECEIPT_LENGTH) {
            return Fault.BAD_LENGTH;
        }
        if (crc.compute(source, at + VERSION_OFFSET, length - VERSION_OFFSET) != checksum()) {
            return Fault.BAD_CHECKSUM;
        }
        return Fault.NONE;
    }

    byte kind() {
        return buffer.getByte(offset + KIND_OFFSET);
    }

    int checksum() {
        return buffer.getInt(offset + CHECKSUM_OFFSET, LITTLE_ENDIAN);
    }

    long sequence() {
        return buffer.getLong(offset + SEQUENCE_OFFSET, LITTLE_ENDIAN);
    }

    int payloadOffset() {
        return offset + HEADER_LENGTH;
    }

    int payloadLength() {
        return buffer.getInt(offset + LENGTH_OFFSET, LITTLE_ENDIAN);
    }

    /** The payload of an end or receipt frame. */
    StreamReceipt receipt() {
        int at = payloadOffset();
        return new StreamReceipt(
                buffer.getLong(at, LITTLE_ENDIAN),
                buffer.getLong(at + 8, LITTLE_ENDIAN),
                buffer.getLong(at + 16, LITTLE_ENDIAN));
    }

    static void putReceipt(MutableDirectBuffer target, int at, StreamReceipt receipt) {
        target.putLong(at, receipt.frames(), LITTLE_ENDIAN);
        target.putLong(at + 8, receipt.payloadBytes(), LITTLE_ENDIAN);
        target.putLong(at + 16, receipt.checksum(), LITTLE_ENDIAN);
    }
}
