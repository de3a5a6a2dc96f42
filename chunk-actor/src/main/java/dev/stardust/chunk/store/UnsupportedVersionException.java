package dev.stardust.chunk.store;

import java.io.IOException;

/** A file was written by a newer release than this one. */
public final class UnsupportedVersionException extends IOException {
    private static final long serialVersionUID = 1L;

    public UnsupportedVersionException(Object file, int found, int known) {
        super(file + " has format version " + found + ", this release knows up to " + known
                + ": use the release that wrote it, or a newer one");
    }

    /** Refuses every version but 1..{@code known}. */
    public static void check(Object file, int found, int known) throws UnsupportedVersionException {
        if (found < 1 || found > known) {
            throw new UnsupportedVersionException(file, found, known);
        }
    }
}
