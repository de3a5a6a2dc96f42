package dev.stardust.chunk.manifest;

import java.io.IOException;

/** Where a sparse file holds data, rounded out to whole blocks, whatever the size of the file system's own blocks is. */
final class DataRuns {
    private static final long BLOCK_BYTES = 4096;

    private final Seek seek;
    private final long sizeBytes;
    private long begin;
    private long end;

    /** {@code lseek(2)} by SEEK_DATA and SEEK_HOLE; both give the file's size when there is nothing more. */
    interface Seek {
        /** The first byte of data from there on. */
        long nextData(long from) throws IOException;

        /** The first byte of a hole from there on. */
        long nextHole(long from) throws IOException;
    }

    DataRuns(Seek seek, long sizeBytes) {
        this.seek = seek;
        this.sizeBytes = sizeBytes;
    }

    /** Goes on to the next run, the first at first; false when there is none. */
    boolean next() throws IOException {
        if (end >= sizeBytes) {
            return false;
        }
        long data = seek.nextData(end);
        if (data >= sizeBytes) {
            return false;
        }
        // Looked for from the data itself: the begin of its block may be a hole.
        long hole = seek.nextHole(data);
        begin = Math.max(end, data & -BLOCK_BYTES);
        end = Math.min(sizeBytes, (hole + BLOCK_BYTES - 1) & -BLOCK_BYTES);
        return true;
    }

    long begin() {
        return begin;
    }

    long end() {
        return end;
    }
}
