package dev.stardust.vm.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.store.ChunkSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes that a sink took on. */
final class CountingSink implements ChunkSink {
    private final ChunkSink sink;
    private final AtomicLong storedBytes = new AtomicLong();

    CountingSink(ChunkSink sink) {
        this.sink = sink;
    }

    @Override
    public int put(ChunkId id, ByteBuffer raw) throws IOException {
        int grown = sink.put(id, raw);
        storedBytes.addAndGet(grown);
        return grown;
    }

    @Override
    public void sync() throws IOException {
        sink.sync();
    }

    long storedBytes() {
        return storedBytes.get();
    }
}
