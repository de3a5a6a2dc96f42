package dev.stardust.migration.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.agrona.concurrent.UnsafeBuffer;

/** Sends what a guest's serial log has grown by; a log that was replaced by its newer half is sent anew. */
final class SourceLog implements AutoCloseable {
    private static final int PIECE_BYTES = 64 << 10;

    private final Path path;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
    private final UnsafeBuffer pieceView = new UnsafeBuffer(piece);

    /** Kept open, so that no other file can get its key. */
    private FileChannel file;

    private Object key;
    private long position;

    SourceLog(Path path) {
        this.path = path;
    }

    void sendNew(StreamOut out) throws IOException {
        follow(out);
        if (file == null) {
            return;
        }
        long end = file.size();
        while (position < end) {
            piece.clear().limit((int) Math.min(PIECE_BYTES, end - position));
            int read = file.read(piece, position);
            if (read <= 0) {
                return;
            }
            out.log(position, pieceView, read);
            position += read;
        }
    }

    private void follow(StreamOut out) throws IOException {
        try {
            Object now =
                    Files.readAttributes(path, BasicFileAttributes.class).fileKey();
            if (file != null && now.equals(key)) {
                return;
            }
            FileChannel next = FileChannel.open(path, StandardOpenOption.READ);
            close();
            file = next;
            key = now;
        } catch (NoSuchFileException e) {
            return; // Nothing to follow; a log cannot go away again, only be replaced.
        }
        if (position > 0) {
            out.logReset(pieceView);
            position = 0;
        }
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
