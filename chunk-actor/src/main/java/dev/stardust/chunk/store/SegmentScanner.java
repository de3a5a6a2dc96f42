package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;

/** Walks over the records of a segment, skipping what is damaged. */
final class SegmentScanner {
    private static final int WINDOW_BYTES = 1 << 20;

    private final NativeFile file;
    private final long size;
    private final boolean verify;
    /** @param verify whether the stored bytes are checked too, or the headers only */
    SegmentScanner(NativeFile file, long size, boolean verify) {
        this.file = file;
        this.size = size;
        this.verify = verify;
    }

    /** Gets each sound record. */
    @FunctionalInterface
    interface Visitor {
        void record(SegmentFormat.Header header, int offset);
    }

    /** Visits all sound records in order. */
    void scan(Visitor visitor) throws IOException {
        long at = SegmentFormat.HEADER_BYTES;
        while (at < size) {
            SegmentFormat.Header h = soundRecord(at, false);
            if (h == null) {
                long next = nextRecord(at + SegmentFormat.ALIGNMENT);
                if (next < 0) {
                    return;
                }
                at = next;
            } else {
                visitor.record(h, (int) at);
                at += h.recordBytes();
            }
        }
    }

    private SegmentFormat.Header soundRecord(long at, boolean content) throws IOException {
        RecordReader reader = RecordReader.local();
        SegmentFormat.Header h = reader.header(file, at);
        if (h == null || at + h.recordBytes() > size) {
            return null;
        }
        if (verify || content) {
            try {
                var chunk = reader.chunk(file, at, h);
                if (content) {
                    ChunkCodec.decode(chunk);
                }
            } catch (CorruptChunkException e) {
                return null;
            }
        }
        return h;
    }

    /**
     * The next record after damage, or -1. What looks like one may be the content of a chunk that a guest made up, so
     * here the content must hash to its id.
     */
    private long nextRecord(long from) throws IOException {
        NativeBuffer window = new NativeBuffer(WINDOW_BYTES);
        for (long start = from; start < size; start += WINDOW_BYTES) {
            long n = file.readUpTo(start, window.address(), Math.min(WINDOW_BYTES, size - start));
            for (int i = 0; i + SegmentFormat.ALIGNMENT <= n; i += SegmentFormat.ALIGNMENT) {
                if (SegmentFormat.looksLikeRecord(window.buffer(), i) && soundRecord(start + i, true) != null) {
                    return start + i;
                }
            }
        }
        return -1;
    }
}
