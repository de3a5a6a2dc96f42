package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where chunks are written to: a local store, or the ring. Implementations are thread safe. */
public interface ChunkSink {
    /**
     * Stores a chunk unless it is there already. Durable only after {@link #sync()}.
     *
     * @param id the BLAKE3 hash of the bytes, which the caller has computed
     * @param raw the bytes between position and limit, 1..65536; not kept after the call, position unchanged; a direct
     *     buffer saves a copy
     * @return the bytes it now takes up that it did not before, or 0 when the chunk was there
     */
    int put(ChunkId id, ByteBuffer raw) throws IOException;

    /** Returns once every chunk put before, by whatever thread, is on stable storage. */
    void sync() throws IOException;
}
