package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.ChunkSink;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;

/**
 * Imports a disk image: reads it once, skipping holes, and cuts, hashes, compresses and stores it on all cores while
 * the SHA-256 of the whole is taken beside if it is wanted. Memory is bounded at a few MiB a core.
 */
public final class ImageImporter {
    private static final int WINDOW_BYTES = 1 << 20;
    private static final long HOLE_STEP_BYTES = 64L << 20;

    private final ChunkSink sink;
    private final int threads;

    /** Imports into {@code sink} on as many threads as there are processors. */
    public ImageImporter(ChunkSink sink) {
        this(sink, Runtime.getRuntime().availableProcessors());
    }

    /** Imports into {@code sink} on so many threads. */
    public ImageImporter(ChunkSink sink, int threads) {
        this.sink = sink;
        this.threads = threads;
    }

    /**
     * Imports an image; when this returns, chunks and manifest are on stable storage.
     *
     * @throws IOException when the file cannot be a disk image, cannot be read, changes meanwhile, or the sink fails
     */
    public ImportResult importImage(Path image, Progress progress) throws IOException {
        try (RawFile file = RawFile.open(image)) {
            return importImage(file, true, progress);
        }
    }

    /**
     * Imports what {@code data} has; otherwise as {@link #importImage(Path, Progress)}.
     *
     * @param digest whether to take the SHA-256 of the whole, holes too, which costs as much as all the rest
     */
    public ImportResult importImage(DiskData data, boolean digest, Progress progress) throws IOException {
        try (DataChunker chunker = new DataChunker(sink, FastCdc.DISK, threads);
                StreamDigest sha256 = digest ? new Sha256Thread(WINDOW_BYTES) : StreamDigest.none(WINDOW_BYTES)) {
            long position = 0;
            while (true) {
                NativeBuffer window = sha256.take();
                int n = data.read(window.address(), WINDOW_BYTES);
                if (n == 0) {
                    break;
                }
                zeros(position, data.offset(), data.expectedBytes(), sha256, progress);
                sha256.digest(window, n);
                chunker.data(data.offset(), window.address(), n);
                position = data.offset() + n;
                progress.bytes(position, data.expectedBytes());
            }
            long size = data.sizeBytes();
            zeros(position, size, size, sha256, progress);
            Manifest manifest = chunker.finish(size);
            String whole = sha256.finish();
            ChunkId root = ManifestStore.write(manifest, sink);
            sink.sync();
            progress.bytes(size, size);
            return new ImportResult(
                    root, manifest, size, whole, manifest.count(), chunker.newChunks(), chunker.storedBytes());
        }
    }

    /** Digests a hole in steps: the digest takes its time, and somebody watches. */
    private static void zeros(long begin, long end, long total, StreamDigest sha256, Progress progress)
            throws InterruptedIOException {
        for (long position = begin; position < end; ) {
            long step = Math.min(HOLE_STEP_BYTES, end - position);
            sha256.digestZeros(step);
            position += step;
            progress.bytes(position, total);
        }
    }
}
