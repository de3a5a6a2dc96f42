package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.ChunkSink;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/**
 * Imports a raw disk image: reads it once, skipping holes, and cuts, hashes, compresses and stores it on all cores while
 * the SHA-256 of the whole is taken beside. Memory is bounded at a few MiB a core.
 */
public final class ImageImporter {
    private static final int WINDOW_BYTES = 1 << 20;
    private static final long HOLE_STEP_BYTES = 64L << 20;
    private static final int SECTOR_BYTES = 512;

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
        if (!Files.isRegularFile(image)) {
            throw new IOException(image + (Files.exists(image) ? " is not a regular file" : " does not exist"));
        }
        FileTime modified = Files.getLastModifiedTime(image);
        try (NativeFile file = NativeFile.openRead(image)) {
            long size = file.size();
            if (size == 0 || size % SECTOR_BYTES != 0 || size > Manifest.MAX_SIZE_BYTES) {
                throw new IOException(image + " has " + size + " bytes; a raw disk image has a multiple of 512, up to "
                        + Manifest.MAX_SIZE_BYTES + ": convert other formats first, e.g. by qemu-img convert -O raw");
            }
            try (DataChunker chunker = new DataChunker(sink, FastCdc.DISK, threads, size);
                    Sha256Thread sha256 = new Sha256Thread(WINDOW_BYTES)) {
                read(file, size, chunker, sha256, progress);
                Manifest manifest = chunker.finish();
                String digest = sha256.finish();
                if (file.size() != size || !Files.getLastModifiedTime(image).equals(modified)) {
                    throw new IOException(image + " changed while it was read: stop what writes to it and try again");
                }
                ChunkId root = ManifestStore.write(manifest, sink);
                sink.sync();
                return new ImportResult(
                        root, manifest, size, digest, manifest.count(), chunker.newChunks(), chunker.storedBytes());
            }
        }
    }

    private static void read(NativeFile file, long size, DataChunker chunker, Sha256Thread sha256, Progress progress)
            throws IOException {
        DataRuns runs = new DataRuns(file::nextData, file::nextHole, size);
        long position = 0;
        while (runs.next()) {
            zeros(position, runs.begin(), size, sha256, progress);
            for (position = runs.begin(); position < runs.end(); ) {
                int n = (int) Math.min(WINDOW_BYTES, runs.end() - position);
                NativeBuffer window = sha256.take();
                file.read(position, window.address(), n);
                sha256.digest(window, n);
                chunker.data(position, window.address(), n);
                position += n;
                progress.bytes(position, size);
            }
        }
        zeros(position, size, size, sha256, progress);
        progress.bytes(size, size);
    }

    /** Digests a hole in steps: the digest takes its time, and somebody watches. */
    private static void zeros(long begin, long end, long size, Sha256Thread sha256, Progress progress)
            throws InterruptedIOException {
        for (long position = begin; position < end; ) {
            long step = Math.min(HOLE_STEP_BYTES, end - position);
            sha256.digestZeros(step);
            position += step;
            progress.bytes(position, size);
        }
    }
}
