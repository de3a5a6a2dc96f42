package dev.stardust.chunk.file;

import java.io.IOException;

/** A file of ours cannot be used as it is; the text names it and says what to do. */
public final class DamagedFileException extends IOException {
    private static final long serialVersionUID = 1L;

    public DamagedFileException(String message) {
        super(message);
    }
}
