package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.StoredChunk;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The chunks of one request that are on their way from one host. */
final class Arrivals {
    private final Set<ChunkId> awaited;
    private final List<StoredChunk> arrived = new ArrayList<>();
    private final CompletableFuture<List<StoredChunk>> all = new CompletableFuture<>();

    Arrivals(Collection<ChunkId> ids) {
        this.awaited = new HashSet<>(ids);
    }

    /** Completes when all have come that are still awaited. */
    CompletableFuture<List<StoredChunk>> all() {
        return all;
    }

    /** A chunk came; one that is not awaited, or comes again, is ignored. */
    synchronized void take(StoredChunk chunk) {
        if (awaited.remove(chunk.id())) {
            arrived.add(chunk);
            completeIfAll();
        }
    }

    /** These will not come. */
    synchronized void without(Collection<ChunkId> missing) {
        missing.forEach(awaited::remove);
        completeIfAll();
    }

    private void completeIfAll() {
        if (awaited.isEmpty()) {
            all.complete(List.copyOf(arrived));
        }
    }
}
