package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.ChunkReader;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Writes what a manifest describes into a new, sparse file, on several threads. */
public final class ImageExporter {
    private static final int WINDOW_BYTES = 1 << 20;

    /** Extents that a thread takes at once. */
    private static final int SHARE = 64;

    private final ChunkReader chunks;
    private final int threads;

    /** Exports from {@code chunks} on so many threads. */
    public ImageExporter(ChunkReader chunks, int threads) {
        this.chunks = chunks;
        this.threads = threads;
    }

    /**
     * Writes an image into an empty file. Not durable before the file is synced.
     *
     * @throws dev.stardust.chunk.chunk.CorruptChunkException when a chunk is not what the manifest says
     */
    public void export(Manifest manifest, NativeFile file, Progress progress) throws IOException {
        file.truncate(manifest.sizeBytes());
        AtomicInteger next = new AtomicInteger();
        Written written = new Written(manifest.dataBytes(), progress);
        try (Pool pool = Pool.of(threads, "image-export")) {
            List<Future<Void>> parts = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                parts.add(pool.threads().submit(() -> {
                    new Part(manifest, file, written).write(next);
                    return null;
                }));
            }
            try {
                await(parts);
            } finally {
                next.set(manifest.count()); // One that failed ends the others.
            }
        }
    }

    private static void await(List<Future<Void>> parts) throws IOException {
        try {
            for (Future<Void> part : parts) {
                part.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while exporting an image");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io
                    ? new IOException(io.getMessage(), io)
                    : new IOException("exporting failed: " + e.getCause(), e.getCause());
        }
    }

    /** How much all threads have written. */
    private static final class Written {
        private final long total;
        private final Progress progress;
        private long done;

        Written(long total, Progress progress) {
            this.total = total;
            this.progress = progress;
        }

        synchronized void add(int bytes) {
            done += bytes;
            progress.bytes(done, total);
        }
    }

    /** What one thread does. */
    private final class Part {
        private final Manifest manifest;
        private final NativeFile file;
        private final Written written;
        private final NativeBuffer window = new NativeBuffer(WINDOW_BYTES);
        private long begin;
        private int filled;

        Part(Manifest manifest, NativeFile file, Written written) {
            this.manifest = manifest;
            this.file = file;
            this.written = written;
        }

        void write(AtomicInteger next) throws IOException {
            for (int first = next.getAndAdd(SHARE); first < manifest.count(); first = next.getAndAdd(SHARE)) {
                int end = (int) Math.min(manifest.count(), (long) first + SHARE);
                for (int i = first; i < end; i++) {
                    read(i);
                }
                flush();
            }
        }

        private void read(int i) throws IOException {
            int length = manifest.length(i);
            if (manifest.offset(i) != begin + filled || filled + length > WINDOW_BYTES) {
                flush();
                begin = manifest.offset(i);
            }
            chunks.read(manifest.id(i), length, window.address() + filled);
            filled += length;
        }

        private void flush() throws IOException {
            file.write(begin, window.address(), filled);
            written.add(filled);
            begin += filled;
            filled = 0;
        }
    }
}
