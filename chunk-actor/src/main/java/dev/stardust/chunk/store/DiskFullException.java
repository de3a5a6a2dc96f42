package dev.stardust.chunk.store;

import java.io.IOException;
import java.nio.file.Path;

/** No space is left where a file must grow. What was stored before is untouched. */
public final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1L;

    public DiskFullException(Path file) {
        super("the disk that holds " + file + " is full: free some space there and try again");
    }
}
