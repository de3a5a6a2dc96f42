package dev.stardust.chunk.tree;

import java.io.IOException;

/** An archive that is damaged, or asks for what no archive may. */
public final class BadArchiveException extends IOException {
    private static final long serialVersionUID = 1;

    BadArchiveException(String message) {
        super(message);
    }

    BadArchiveException(String message, Throwable cause) {
        super(message, cause);
    }
}
