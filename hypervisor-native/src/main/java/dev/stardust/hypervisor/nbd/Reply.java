package dev.stardust.hypervisor.nbd;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * Heads of replies, written right before the data that they are about. Allocates nothing.
 *
 * <pre>
 *  simple                      0       4       8        16
 *                              +-------+-------+--------+
 *                              | magic | error | cookie | data read
 *                              +-------+-------+--------+
 *  chunk of a structured one   0       4       6      8        16       20
 *                              +-------+-------+------+--------+--------+
 *                              | magic | flags | type | cookie | length | payload
 *                              +-------+-------+------+--------+--------+
 * </pre>
 */
final class Reply {
    static final int SIMPLE_BYTES = 16;
    static final int CHUNK_BYTES = 20;

    /** A chunk with the offset before the data. */
    static final int DATA_CHUNK_BYTES = CHUNK_BYTES + Long.BYTES;

    /** A chunk that tells an error, without a text. */
    static final int ERROR_CHUNK_BYTES = CHUNK_BYTES + Integer.BYTES + Short.BYTES;

    private Reply() {}

    /** Writes a simple reply at {@code at}. */
    static void simple(UnsafeBuffer to, int at, long cookie, int error) {
        to.putInt(at, Nbd.SIMPLE_REPLY_MAGIC, Nbd.ORDER);
        to.putInt(at + 4, error, Nbd.ORDER);
        to.putLong(at + 8, cookie, Nbd.ORDER);
    }

    /** Writes a chunk's head at {@code at}. */
    static void chunk(UnsafeBuffer to, int at, long cookie, boolean last, int type, int payloadBytes) {
        to.putInt(at, Nbd.STRUCTURED_REPLY_MAGIC, Nbd.ORDER);
        to.putShort(at + 4, (short) (last ? Nbd.REPLY_FLAG_DONE : 0), Nbd.ORDER);
        to.putShort(at + 6, (short) type, Nbd.ORDER);
        to.putLong(at + 8, cookie, Nbd.ORDER);
        to.putInt(at + 16, payloadBytes, Nbd.ORDER);
    }

    /** Writes the head of a chunk with data of that offset and length at {@code at}. */
    static void data(UnsafeBuffer to, int at, long cookie, boolean last, long offset, int length) {
        chunk(to, at, cookie, last, Nbd.REPLY_TYPE_OFFSET_DATA, Long.BYTES + length);
        to.putLong(at + CHUNK_BYTES, offset, Nbd.ORDER);
    }

    /** Writes a chunk that ends a structured reply with an error at {@code at}. */
    static void error(UnsafeBuffer to, int at, long cookie, int error) {
        chunk(to, at, cookie, true, Nbd.REPLY_TYPE_ERROR, Integer.BYTES + Short.BYTES);
        to.putInt(at + CHUNK_BYTES, error, Nbd.ORDER);
        to.putShort(at + CHUNK_BYTES + Integer.BYTES, (short) 0, Nbd.ORDER);
    }
}
