package dev.stardust.chunk.manifest;

import java.io.IOException;

/** The bytes of a disk that is imported: read once, in order, without its holes. */
public interface DiskData extends AutoCloseable {
    /** What is read, for messages. */
    String name();

    /** The size in bytes as far as it is known before all is read, for a progress bar; else 0. */
    long expectedBytes();

    /**
     * Reads the next portion that is not in a hole.
     *
     * @param address where to, with room for {@code capacity} bytes
     * @return its bytes, 0 at the end
     */
    int read(long address, int capacity) throws IOException;

    /** Where in the disk the portion that was read last begins. */
    long offset();

    /**
     * The size in bytes of the disk, once all is read.
     *
     * @throws IOException when it changed meanwhile
     */
    long sizeBytes() throws IOException;

    @Override
    void close() throws IOException;
}
