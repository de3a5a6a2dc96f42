package dev.stardust.chunk.chunk;

import java.io.IOException;

/** Bytes are not what their id, checksum or format says they must be. */
public final class CorruptChunkException extends IOException {
    private static final long serialVersionUID = 1L;

    public CorruptChunkException(String message) {
        super(message);
    }

    public CorruptChunkException(String message, Throwable cause) {
        super(message, cause);
    }
}
