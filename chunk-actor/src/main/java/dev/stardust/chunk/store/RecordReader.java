package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.chunk.StoredChunk;
import java.io.IOException;

/** Reads records of segments into memory of its own; one for each thread. */
final class RecordReader {
    private static final ThreadLocal<RecordReader> LOCAL = ThreadLocal.withInitial(RecordReader::new);

    private final NativeBuffer header = new NativeBuffer(SegmentFormat.RECORD_HEADER_BYTES);
    private final NativeBuffer payload = new NativeBuffer(SegmentFormat.MAX_RECORD_BYTES);

    private RecordReader() {}

    /** This thread's reader. */
    static RecordReader local() {
        return LOCAL.get();
    }

    /** The header of the record at {@code offset}, or null when there is no sound one. */
    SegmentFormat.Header header(NativeFile file, long offset) throws IOException {
        if (offset < SegmentFormat.HEADER_BYTES || offset % SegmentFormat.ALIGNMENT != 0) {
            return null;
        }
        long n = file.readUpTo(offset, header.address(), SegmentFormat.RECORD_HEADER_BYTES);
        return n < SegmentFormat.RECORD_HEADER_BYTES ? null : SegmentFormat.recordHeader(header.buffer());
    }

    /** The chunk of the record at {@code offset}; its bytes are valid until this thread's next read. */
    StoredChunk chunk(NativeFile file, long offset, SegmentFormat.Header h) throws IOException {
        int length = h.storedLength();
        long n = file.readUpTo(offset + SegmentFormat.RECORD_HEADER_BYTES, payload.address(), length);
        if (n < length || SegmentFormat.crc(payload.buffer(), 0, length) != h.crc()) {
            throw new CorruptChunkException("chunk " + h.id() + " is damaged in " + file.path() + " at " + offset);
        }
        return new StoredChunk(
                h.id(),
                h.rawLength(),
                h.compressed(),
                payload.buffer().duplicate().limit(length));
    }

    /** As {@link #chunk}, and the record must be that of {@code expected}. */
    StoredChunk chunk(NativeFile file, long offset, ChunkId expected) throws IOException {
        SegmentFormat.Header h = header(file, offset);
        if (h == null || !h.id().equals(expected)) {
            throw new CorruptChunkException(file.path() + " has " + (h == null ? "no sound record" : "chunk " + h.id())
                    + " at " + offset + ", where chunk " + expected + " should be");
        }
        return chunk(file, offset, h);
    }
}
