package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The right of a writer that what it put, or found there, stays until it has ended, by when a root must name it. A
 * collection waits for writers that began before it: end in time. Thread safe.
 */
public final class WriterLease implements ChunkSink, AutoCloseable {
    private final ChunkStore store;
    private final Runnable end;
    private boolean ended;

    WriterLease(ChunkStore store, Runnable end) {
        this.store = store;
        this.end = end;
    }

    @Override
    public int put(ChunkId id, ByteBuffer raw) throws IOException {
        return store.put(id, raw);
    }

    @Override
    public void sync() throws IOException {
        store.sync();
    }

    /** Ends it: what it wrote is named by a root, or is not needed. */
    @Override
    public synchronized void close() {
        if (!ended) {
            ended = true;
            end.run();
        }
    }
}
