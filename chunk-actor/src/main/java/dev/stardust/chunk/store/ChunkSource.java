package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;
import java.io.IOException;

/** Where chunks are read from: a local store, or the ring. */
@FunctionalInterface
public interface ChunkSource {
    /**
     * The raw bytes of a chunk, verified against its id.
     *
     * @throws ChunkMissingException when it is nowhere to be found
     */
    byte[] fetch(ChunkId id) throws IOException;
}
