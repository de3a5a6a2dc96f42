package dev.stardust.migration.page;

/** How page data is made smaller before it is sent. Whatever does not pay for a frame is left out for that frame. */
public enum PageCompression {
    /** Bytes as they are. */
    NONE,
    /** Zero lines of 64 bytes are left out: next to free. */
    LINES,
    /** Zero lines are left out, the rest is compressed by zstd at its fastest level: for links slower than a core. */
    ZSTD
}
