package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;
import java.io.IOException;

/** Where chunks are read from straight into native memory. Implementations are thread safe. */
@FunctionalInterface
public interface ChunkReader {
    /**
     * Writes a chunk's raw bytes to {@code address}, verified against its id.
     *
     * @param rawLength its length, room for which is at {@code address}
     * @throws ChunkMissingException when it is not here
     * @throws dev.stardust.chunk.chunk.CorruptChunkException when it is damaged, or has another length
     */
    void read(ChunkId id, int rawLength, long address) throws IOException;
}
