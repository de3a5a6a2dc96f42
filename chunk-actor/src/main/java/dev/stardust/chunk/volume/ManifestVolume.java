package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.SegmentReader;
import java.io.IOException;
import java.util.Objects;

/**
 * A read-only disk made of the chunks that an extent map names. Every chunk is verified against its id when it is read
 * from its segment, and stays decompressed for a while, so that a sequential reader decompresses each once.
 */
public final class ManifestVolume implements Volume {
    private final ExtentMap extents;
    private final SegmentReader segments;
    private final ChunkCache cache;

    /** Serves {@code extents} from {@code segments}, which stays open for its whole life and is not closed by it. */
    public ManifestVolume(ExtentMap extents, SegmentReader segments) throws IOException {
        if (!extents.store().equals(segments.store())) {
            throw new IOException("the extent map points into chunk store " + extents.store() + ", not "
                    + segments.store() + ": deploy the VM again");
        }
        this.extents = extents;
        this.segments = segments;
        cache = new ChunkCache(this::load);
    }

    private void load(int i, long address) throws IOException {
        segments.read(extents.segment(i), extents.recordOffset(i), extents.id(i), extents.length(i), address);
    }

    @Override
    public long sizeBytes() {
        return extents.sizeBytes();
    }

    @Override
    public synchronized void read(long offset, long address, int length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes());
        long end = offset + length;
        long at = offset;
        for (int i = extents.firstEndingAfter(offset); at < end; i++) {
            long start = i < extents.count() ? Math.min(end, extents.offset(i)) : end;
            if (start > at) {
                NativeBuffer.zero(address + (at - offset), start - at);
                at = start;
            }
            if (at < end) {
                long n = Math.min(end, extents.offset(i) + extents.length(i)) - at;
                NativeBuffer.copy(cache.address(i) + (at - extents.offset(i)), address + (at - offset), n);
                at += n;
            }
        }
    }

    /** How often a chunk was read from its segment. */
    synchronized long chunkLoads() {
        return cache.loads();
    }

    @Override
    public void write(long offset, long address, int length) throws IOException {
        throw new IOException("this disk is read-only");
    }

    @Override
    public void zero(long offset, long length) throws IOException {
        throw new IOException("this disk is read-only");
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
