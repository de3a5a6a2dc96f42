package dev.stardust.hypervisor.boot;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Reads an image from any offset on, whatever holds it. */
@FunctionalInterface
public interface ImageReader {
    /**
     * Fills the buffer.
     *
     * @param offset bytes from the image's start
     * @throws IOException if the bytes cannot be read or the image ends before
     */
    void read(long offset, ByteBuffer into) throws IOException;

    /** Reads a file, which stays the caller's to close. */
    static ImageReader of(FileChannel file) {
        return (offset, into) -> {
            long at = offset;
            while (into.hasRemaining()) {
                int count = file.read(into, at);
                if (count < 0) {
                    throw new EOFException("it ends at byte " + at);
                }
                at += count;
            }
        };
    }
}
