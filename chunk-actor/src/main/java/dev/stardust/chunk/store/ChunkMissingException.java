package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkId;
import java.io.IOException;

/** A chunk that something refers to is not there. */
public final class ChunkMissingException extends IOException {
    private static final long serialVersionUID = 1L;

    public ChunkMissingException(ChunkId id) {
        super("chunk " + id + " is missing");
    }
}
