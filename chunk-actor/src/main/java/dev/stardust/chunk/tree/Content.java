package dev.stardust.chunk.tree;

import java.io.IOException;
import java.io.OutputStream;

/** The bytes of a regular file, wherever they are. */
interface Content {
    Content NONE = new Content() {
        @Override
        public long sizeBytes() {
            return 0;
        }

        @Override
        public void copyTo(OutputStream to) {
            // There are none.
        }
    };

    long sizeBytes();

    /** Writes all of them; several times if asked to. */
    void copyTo(OutputStream to) throws IOException;
}
