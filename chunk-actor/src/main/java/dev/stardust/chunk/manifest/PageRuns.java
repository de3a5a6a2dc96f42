package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.AtomicFile;
import dev.stardust.chunk.store.ChunkSink;
import dev.stardust.chunk.store.ChunkSource;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Stores RAM as chunks: runs of up to 16 pages of 4 KiB that are not zero, never across a multiple of 64 KiB, so that a
 * page that comes or goes changes the chunks of its own 64 KiB only. And turns such a manifest, or any other, back into
 * a file.
 */
public final class PageRuns {
    /** Bytes of a page. */
    public static final int PAGE_BYTES = 4096;

    private static final int WINDOW_BYTES = 16 * PAGE_BYTES;

    private PageRuns() {}

    /**
     * Stores the memory at {@code address}, a multiple of 4096 that must not change meanwhile. Chunks are durable after
     * the sink's next sync; {@link ManifestStore#write} stores the manifest.
     *
     * @param length bytes, a multiple of 4096
     * @param threads how many threads hash and compress
     */
    public static Manifest store(long address, long length, ChunkSink sink, int threads) throws IOException {
        if (length <= 0 || length % PAGE_BYTES != 0 || address % PAGE_BYTES != 0) {
            throw new IllegalArgumentException("memory consists of whole pages of 4096 bytes");
        }
        try (ChunkPipeline pipeline = new ChunkPipeline(sink, threads)) {
            ChunkPipeline.Batch batch = pipeline.take();
            int filled = 0;
            for (long at = 0; at < length; ) {
                int run = run(address, at, length);
                if (run == 0) {
                    at += PAGE_BYTES;
                    continue;
                }
                if (filled + run > ChunkPipeline.BATCH_BYTES) {
                    pipeline.submit(batch);
                    batch = pipeline.take();
                    filled = 0;
                }
                NativeBuffer.copy(address + at, batch.address() + filled, run);
                batch.add(at, filled, run);
                filled += run;
                at += run;
            }
            pipeline.submit(batch);
            return pipeline.finish(length);
        }
    }

    /** Bytes of the run of pages with data that starts at {@code at}, 0 when that page is zero. */
    private static int run(long address, long at, long length) {
        long end = Math.min(length, (at / WINDOW_BYTES + 1) * WINDOW_BYTES);
        long p = at;
        while (p < end && !NativeBuffer.isZero(address + p, PAGE_BYTES)) {
            p += PAGE_BYTES;
        }
        return (int) (p - at);
    }

    /**
     * Writes what a manifest describes into a sparse file, in place whole and durable or not at all.
     *
     * @throws CorruptChunkException when a chunk is not what the manifest says
     */
    public static void materialise(Manifest manifest, ChunkSource source, Path target) throws IOException {
        NativeBuffer buffer = new NativeBuffer(1 << 16);
        AtomicFile.write(target, file -> {
            file.truncate(manifest.sizeBytes());
            for (int i = 0; i < manifest.count(); i++) {
                ChunkId id = manifest.id(i);
                byte[] raw = source.fetch(id);
                if (raw.length != manifest.length(i) || !Blake3.hash(raw).equals(id)) {
                    throw new CorruptChunkException("chunk " + id + " is not the " + manifest.length(i)
                            + " bytes that the manifest has at " + manifest.offset(i));
                }
                NativeBuffer.copy(raw, 0, buffer.address(), raw.length);
                file.write(manifest.offset(i), buffer.address(), raw.length);
            }
        });
    }
}
