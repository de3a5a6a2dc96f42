package dev.stardust.chunk.actor;

import dev.stardust.chunk.actor.ChunkShard.Answer;
import dev.stardust.chunk.actor.ChunkShard.Done;
import dev.stardust.chunk.actor.ChunkShard.Failed;
import dev.stardust.chunk.actor.ChunkShard.Refused;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.StoredChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The answers of the shards to one request, until all have come. */
final class Gather {
    private final List<StoredChunk> chunks = new ArrayList<>();
    private final List<ChunkId> lacking = new ArrayList<>();
    private final Consumer<Gather> then;
    private int awaited;
    private long currentEpoch;
    private String failure = "";

    Gather(int awaited, Consumer<Gather> then) {
        this.awaited = awaited;
        this.then = then;
    }

    /** Whether this was the last; then what was to follow has been called. */
    boolean add(Answer answer) {
        if (answer instanceof Done done) {
            chunks.addAll(done.chunks());
            lacking.addAll(done.lacking());
        } else if (answer instanceof Refused refused) {
            currentEpoch = Math.max(currentEpoch, refused.current());
        } else if (answer instanceof Failed failed) {
            failure = failed.reason();
        }
        awaited--;
        if (awaited > 0) {
            return false;
        }
        then.accept(this);
        return true;
    }

    List<StoredChunk> chunks() {
        return chunks;
    }

    List<ChunkId> lacking() {
        return lacking;
    }

    /** 0 unless a shard refused the epoch. */
    long currentEpoch() {
        return currentEpoch;
    }

    /** Empty unless a shard failed. */
    String failure() {
        return failure;
    }
}
