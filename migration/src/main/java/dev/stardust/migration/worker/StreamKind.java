package dev.stardust.migration.worker;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.MutableDirectBuffer;

/** The first byte of each frame of a migration's stream; see {@code docs/formats.md}. */
final class StreamKind {
    /** A page frame follows. */
    static final byte PAGES = 0;

    /** The serial log goes on: offset in the log, 64 bits, little-endian, then bytes. */
    static final byte LOG = 1;

    /** The serial log begins anew: nothing follows. */
    static final byte LOG_RESET = 2;

    static final int KIND_LENGTH = 1;
    static final int LOG_HEADER_LENGTH = KIND_LENGTH + Long.BYTES;

    /** No piece of the log is longer. */
    static final int MAX_LOG_BYTES = 64 << 10;

    private StreamKind() {}

    /** Writes what comes before a frame's content and returns its length. */
    static int putHeader(MutableDirectBuffer buffer, int at, byte kind, long logOffset) {
        buffer.putByte(at, kind);
        if (kind != LOG) {
            return KIND_LENGTH;
        }
        buffer.putLong(at + KIND_LENGTH, logOffset, LITTLE_ENDIAN);
        return LOG_HEADER_LENGTH;
    }
}
