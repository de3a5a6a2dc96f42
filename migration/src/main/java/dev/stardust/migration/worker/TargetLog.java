package dev.stardust.migration.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.DirectBuffer;

/** The serial log as it comes with a guest. It is in the file before the guest runs, which then appends to it. */
final class TargetLog implements AutoCloseable {
    /** A log's own limit is half of it. */
    static final long MAX_BYTES = 8 << 20;

    private static final int PIECE_BYTES = 128 << 10;

    private final FileChannel file;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
    private long length;
    private volatile boolean unsynced = true;

    /** Opens the file, or makes it, and empties it: what may be there is of an attempt that failed. */
    TargetLog(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        file.truncate(0);
    }

    /**
     * Appends bytes.
     *
     * @throws IllegalArgumentException if they are not what comes next, or too much
     */
    void append(long offset, DirectBuffer buffer, int at, int bytes) throws IOException {
        if (offset != length || bytes <= 0 || bytes > PIECE_BYTES || bytes > MAX_BYTES - length) {
            throw new IllegalArgumentException(
                    "serial log: " + bytes + " bytes at " + offset + " came after " + length + " bytes");
        }
        piece.clear();
        buffer.getBytes(at, piece, bytes);
        piece.flip();
        unsynced = true;
        while (piece.hasRemaining()) {
            length += file.write(piece, length);
        }
    }

    void reset() throws IOException {
        unsynced = true;
        file.truncate(0);
        length = 0;
    }

    /** Puts what was written before on stable storage; for any thread. */
    synchronized void sync() throws IOException {
        if (unsynced) {
            unsynced = false;
            file.force(true);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
