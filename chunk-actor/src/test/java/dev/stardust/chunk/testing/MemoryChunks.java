package dev.stardust.chunk.testing;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.store.ChunkMissingException;
import dev.stardust.chunk.store.ChunkSink;
import dev.stardust.chunk.store.ChunkSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Chunks in memory that checks the ids it is given. */
public final class MemoryChunks implements ChunkSink, ChunkSource {
    public final Map<ChunkId, byte[]> chunks = new ConcurrentHashMap<>();
    public volatile int failAfter = Integer.MAX_VALUE;

    @Override
    public int put(ChunkId id, ByteBuffer raw) throws IOException {
        byte[] copy = new byte[raw.remaining()];
        raw.get(raw.position(), copy);
        if (!Blake3.hash(copy).equals(id)) {
            throw new AssertionError("chunk put under a wrong id");
        }
        if (chunks.size() >= failAfter) {
            throw new IOException("the sink is full");
        }
        return chunks.putIfAbsent(id, copy) == null ? copy.length : 0;
    }

    @Override
    public void sync() {}

    @Override
    public byte[] fetch(ChunkId id) throws IOException {
        byte[] raw = chunks.get(id);
        if (raw == null) {
            throw new ChunkMissingException(id);
        }
        return raw;
    }
}
