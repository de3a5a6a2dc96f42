package dev.stardust.migration.worker;

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

    private StreamKind() {}
}
