package dev.stardust.chunk.tree;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The bytes of all files of a tree, one after the other, in a file that goes when this is closed. Appended and copied by one
 * thread at a time.
 */
final class Spool implements AutoCloseable {
    private static final int PIECE_BYTES = 1 << 20;

    private final Path path;
    private final FileChannel file;
    private final long limitBytes;

    /** One for all: most files are small, and there may be a million. */
    private final ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);

    private long end;

    /**
     * An empty one.
     *
     * @param limitBytes how much it takes at most
     */
    Spool(Path folder, long limitBytes) throws IOException {
        path = Files.createTempFile(Files.createDirectories(folder), "spool-", "");
        file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        this.limitBytes = limitBytes;
    }

    /** Appends all that comes. */
    Range append(InputStream from) throws IOException {
        long begin = end;
        for (int n = from.read(piece.array()); n >= 0; n = from.read(piece.array())) {
            if (end + n > limitBytes) {
                throw new BadArchiveException("it unpacks to more than " + limitBytes + " bytes");
            }
            piece.clear().limit(n);
            while (piece.hasRemaining()) {
                end += file.write(piece, end);
            }
        }
        return new Range(begin, end - begin);
    }

    /** Bytes that were appended together. */
    final class Range implements Content {
        private final long at;
        private final long length;

        private Range(long at, long length) {
            this.at = at;
            this.length = length;
        }

        @Override
        public long sizeBytes() {
            return length;
        }

        @Override
        public void copyTo(OutputStream to) throws IOException {
            copy(at, length, to);
        }

        /** Reads them again; several may be read at once. */
        InputStream open() {
            return Spool.this.open(at, length);
        }
    }

    private void copy(long at, long length, OutputStream to) throws IOException {
        for (long done = 0; done < length; ) {
            piece.clear().limit((int) Math.min(PIECE_BYTES, length - done));
            int n = file.read(piece, at + done);
            if (n < 0) {
                throw new IOException(path + " ended early");
            }
            to.write(piece.array(), 0, n);
            done += n;
        }
    }

    private InputStream open(long at, long length) {
        return new InputStream() {
            private long done;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int offset, int count) throws IOException {
                if (done == length) {
                    return -1;
                }
                int n = file.read(ByteBuffer.wrap(bytes, offset, (int) Math.min(count, length - done)), at + done);
                done += Math.max(0, n);
                return n;
            }
        };
    }

    @Override
    public void close() throws IOException {
        try (file) {
            Files.deleteIfExists(path);
        }
    }
}
