package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.ChunkSink;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Hashes and stores batches of chunks on several threads and builds the manifest in the order the batches were
 * submitted. A batch's memory is reused once it is in the manifest, so memory is bounded.
 */
final class ChunkPipeline implements AutoCloseable {
    static final int BATCH_BYTES = 1 << 20;
    private static final int MAX_PIECES = 4096;

    private final ChunkSink sink;
    private final int batches;
    private final ArrayBlockingQueue<Batch> free;
    private final Pool pool;
    private final Manifest.Builder manifest = Manifest.builder(Manifest.MAX_SIZE_BYTES);
    private final Map<Long, Batch> finished = new HashMap<>();
    private long submitted;
    private long inManifest;
    private long newChunks;
    private long storedBytes;
    private IOException failure;

    ChunkPipeline(ChunkSink sink, int threadCount) {
        this.sink = sink;
        batches = 2 * threadCount + 1;
        free = new ArrayBlockingQueue<>(batches);
        for (int i = 0; i < batches; i++) {
            free.add(new Batch());
        }
        pool = Pool.of(threadCount, "chunk-put");
    }

    /** A piece of a batch: bytes to store, or a chunk known already. */
    private record Piece(long offset, int at, int length, ChunkId known) {}

    /** Memory and what lies in it. */
    static final class Batch {
        private final NativeBuffer memory = new NativeBuffer(BATCH_BYTES);
        private final List<Piece> pieces = new ArrayList<>();
        private final List<ChunkId> ids = new ArrayList<>();
        private long number;
        private long newChunks;
        private long storedBytes;

        long address() {
            return memory.address();
        }

        /** Adds {@code length} bytes at {@code at} of the memory as the chunk at {@code offset} of the image. */
        void add(long offset, int at, int length) {
            pieces.add(new Piece(offset, at, length, null));
        }

        /** Adds a chunk that is stored already. */
        void addKnown(long offset, int length, ChunkId id) {
            pieces.add(new Piece(offset, 0, length, id));
        }

        boolean isEmpty() {
            return pieces.isEmpty();
        }

        boolean isFull() {
            return pieces.size() >= MAX_PIECES;
        }

        private void store(ChunkSink sink) throws IOException {
            for (Piece p : pieces) {
                ChunkId id = p.known;
                if (id == null) {
                    id = Blake3.hash(memory.address() + p.at, p.length);
                    int stored = sink.put(id, memory.buffer().slice(p.at, p.length));
                    newChunks += stored > 0 ? 1 : 0;
                    storedBytes += stored;
                }
                ids.add(id);
            }
        }

        private void clear() {
            pieces.clear();
            ids.clear();
            newChunks = 0;
            storedBytes = 0;
        }
    }

    /** An empty batch, waiting for one if need be. @throws IOException what storing an earlier batch has failed with */
    Batch take() throws IOException {
        Batch b;
        try {
            b = free.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while storing chunks");
        }
        rethrow();
        return b;
    }

    void submit(Batch batch) {
        batch.number = submitted++;
        pool.threads().execute(() -> run(batch));
    }

    private void run(Batch batch) {
        IOException failed = null;
        try {
            batch.store(sink);
        } catch (IOException e) {
            failed = e;
        } catch (RuntimeException | Error e) {
            failed = new IOException("storing chunks failed: " + e, e);
        }
        synchronized (this) {
            if (failed != null && failure == null) {
                failure = failed;
            }
            finished.put(batch.number, batch);
            for (Batch b = finished.remove(inManifest); b != null; b = finished.remove(inManifest)) {
                if (failure == null) {
                    append(b);
                }
                b.clear();
                inManifest++;
                free.add(b);
            }
        }
    }

    private void append(Batch b) {
        for (int i = 0; i < b.pieces.size(); i++) {
            Piece p = b.pieces.get(i);
            manifest.add(p.offset, p.length, b.ids.get(i));
        }
        newChunks += b.newChunks;
        storedBytes += b.storedBytes;
    }

    /** Waits for all submitted batches. Every batch taken must have been submitted or given back. */
    Manifest finish(long sizeBytes) throws IOException {
        for (int i = 0; i < batches; i++) {
            take();
        }
        return manifest.build(sizeBytes);
    }

    /** Returns a batch that was taken and not filled. */
    void giveBack(Batch batch) {
        free.add(batch);
    }

    synchronized long newChunks() {
        return newChunks;
    }

    synchronized long storedBytes() {
        return storedBytes;
    }

    private synchronized void rethrow() throws IOException {
        if (failure != null) {
            throw new IOException(failure.getMessage(), failure);
        }
    }

    /** Stops the threads; on return none touches the sink any more. */
    @Override
    public void close() {
        pool.close();
    }
}
