package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.chunk.store.ChunkStore;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This host's store as the ring sees it: what cannot be read is not there. All calls may wait for the disk. */
final class LocalChunks {
    private static final Logger LOG = LoggerFactory.getLogger(LocalChunks.class);

    private final ChunkStore store;

    LocalChunks(ChunkStore store) {
        this.store = store;
    }

    ChunkStore store() {
        return store;
    }

    boolean has(ChunkId id) throws IOException {
        return store.contains(id);
    }

    Optional<StoredChunk> read(ChunkId id) {
        try {
            return store.getStored(id);
        } catch (IOException e) {
            LOG.warn("cannot read a chunk that was asked for: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** After a check against its id; durable after {@link #sync}. */
    void write(StoredChunk chunk) throws IOException {
        store.put(chunk);
    }

    void sync() throws IOException {
        store.sync();
    }
}
