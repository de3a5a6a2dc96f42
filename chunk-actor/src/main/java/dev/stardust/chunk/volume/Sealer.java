package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.DataChunker;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.store.ChunkSink;
import java.io.IOException;

/** Turns a disk that was written to into chunks again, reading only what the writes touched. */
public final class Sealer {
    private static final int WINDOW_BYTES = 1 << 20;
    private static final int BLOCK_BYTES = DeltaVolume.BLOCK_BYTES;

    private final Volume disk;
    private final DirtyBlocks written;
    private final DataChunker chunker;
    private final NativeBuffer window = new NativeBuffer(WINDOW_BYTES);

    private Sealer(Volume disk, DirtyBlocks written, DataChunker chunker) {
        this.disk = disk;
        this.written = written;
        this.chunker = chunker;
    }

    /**
     * The manifest of the disk as it is now. Extents of the base that no written block touches are taken over; the
     * others, and blocks written where the base has a hole, are read through {@code delta} and cut anew. The disk must
     * not change meanwhile. Chunks are durable after the sink's next sync.
     *
     * @param base the manifest that {@code delta} lies over
     * @param threads how many threads hash and compress
     */
    public static Manifest seal(Manifest base, DeltaVolume delta, ChunkSink sink, int threads) throws IOException {
        long size = delta.sizeBytes();
        if (base.sizeBytes() != size) {
            throw new IllegalArgumentException("the base has " + base.sizeBytes() + " bytes, the disk " + size);
        }
        return seal(base, delta, delta.present(), sink, threads);
    }

    /**
     * As {@link #seal(Manifest, DeltaVolume, ChunkSink, int)}, for a disk of any kind and size.
     *
     * @param written the blocks at which the disk may differ from {@code base}
     */
    static Manifest seal(Manifest base, Volume disk, DirtyBlocks written, ChunkSink sink, int threads)
            throws IOException {
        try (DataChunker chunker = new DataChunker(sink, FastCdc.DISK, threads)) {
            new Sealer(disk, written, chunker).walk(base);
            return chunker.finish(disk.sizeBytes());
        }
    }

    private void walk(Manifest base) throws IOException {
        long size = disk.sizeBytes();
        long at = 0;
        for (int i = 0; i < base.count() && base.offset(i) < size; i++) {
            hole(at, base.offset(i));
            at = Math.min(base.end(i), size);
            boolean whole = at == base.end(i);
            if (!whole || written.next(base.offset(i) / BLOCK_BYTES) <= (at - 1) / BLOCK_BYTES) {
                read(base.offset(i), at);
            } else {
                chunker.keep(base.offset(i), base.length(i), base.id(i));
            }
        }
        hole(at, size);
    }

    private void hole(long from, long to) throws IOException {
        for (long b = written.next(from / BLOCK_BYTES); b * BLOCK_BYTES < to; ) {
            long end = written.nextAbsent(b);
            read(Math.max(from, b * BLOCK_BYTES), Math.min(to, end * BLOCK_BYTES));
            b = written.next(end);
        }
    }

    private void read(long from, long to) throws IOException {
        for (long at = from; at < to; ) {
            int n = (int) Math.min(WINDOW_BYTES, to - at);
            disk.read(at, window.address(), n);
            chunker.data(at, window.address(), n);
            at += n;
        }
    }
}
