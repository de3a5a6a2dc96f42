package dev.stardust.chunk.manifest;

import java.io.IOException;

/** Where a sparse file holds data, rounded out to whole blocks, whatever the size of the file system's own blocks is. */
final class DataRuns {
    private static final long BLOCK_BYTES = 4096;

    private final Seek nextData;
    private final Seek nextHole;
    private final long sizeBytes;
    private long begin;
    private long end;

    /** The first byte of a kind from there on, as {@code lseek(2)} finds it; the file's size when there is none. */
    @FunctionalInterface
    interface Seek {
        long from(long position) throws IOException;
    }

    /**
     * @param nextData by SEEK_DATA
     * @param nextHole by SEEK_HOLE
     */
    DataRuns(Seek nextData, Seek nextHole, long sizeBytes) {
        this.nextData = nextData;
        this.nextHole = nextHole;
        this.sizeBytes = sizeBytes;
    }

    /** Goes on to the next run, the first at first; false when there is none. */
    boolean next() throws IOException {
        if (end >= sizeBytes) {
            return false;
        }
        long data = nextData.from(end);
        if (data >= sizeBytes) {
            return false;
        }
        // Looked for from the data itself: the begin of its block may be a hole.
        long hole = nextHole.from(data);
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
