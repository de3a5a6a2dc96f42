package dev.stardust.ops.image;

import java.io.IOException;

/** A file that is no kernel, or one that is damaged or cannot be started; the message says what and why. */
public final class BadKernelException extends IOException {
    private static final long serialVersionUID = 1L;

    BadKernelException(String message) {
        super(message);
    }

    BadKernelException(String message, Throwable cause) {
        super(message, cause);
    }
}
