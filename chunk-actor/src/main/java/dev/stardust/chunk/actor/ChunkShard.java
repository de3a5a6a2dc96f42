package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.cluster.protocol.Causes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * Owns one replica of one shard on this host: every put and get of its chunks goes through it and carries the ring's
 * epoch. It reads and writes the disk in its handlers, so it must run on a dispatcher for blocking work.
 */
final class ChunkShard extends AbstractBehavior<ChunkShard.Command> {
    sealed interface Command permits Operation, NewEpoch {}

    /** A put or get of chunks of this shard; {@code key} comes back in the {@link Answer}. */
    sealed interface Operation extends Command {
        long key();

        long epoch();

        ActorRef<Answer> replyTo();
    }

    /** Reads chunks. */
    record Read(long key, long epoch, List<ChunkId> ids, ActorRef<Answer> replyTo) implements Operation {}

    /** Tells which chunks are not held. */
    record FindLacking(long key, long epoch, List<ChunkId> ids, ActorRef<Answer> replyTo) implements Operation {}

    /** Writes chunks after a check against their ids; they are durable after the store's next sync. */
    record Write(long key, long epoch, List<StoredChunk> chunks, ActorRef<Answer> replyTo) implements Operation {}

    /** The ring changed and this host still owns the shard. */
    record NewEpoch(long epoch) implements Command {}

    /** What came of an operation. */
    sealed interface Answer {
        long key();
    }

    /** It was done. */
    record Done(long key, List<StoredChunk> chunks, List<ChunkId> lacking) implements Answer {}

    /** The operation's epoch is not the present one. */
    record Refused(long key, long current) implements Answer {}

    /** The store failed. */
    record Failed(long key, String reason) implements Answer {}

    private final LocalChunks local;
    private long epoch;

    private ChunkShard(ActorContext<Command> context, LocalChunks local, long epoch) {
        super(context);
        this.local = local;
        this.epoch = epoch;
    }

    static Behavior<Command> create(LocalChunks local, long epoch) {
        return Behaviors.setup(context -> new ChunkShard(context, local, epoch));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(NewEpoch.class, this::onNewEpoch)
                .onMessage(Operation.class, this::onOperation)
                .build();
    }

    private Behavior<Command> onNewEpoch(NewEpoch message) {
        epoch = message.epoch();
        return this;
    }

    private Behavior<Command> onOperation(Operation operation) {
        operation.replyTo().tell(operation.epoch() == epoch ? serve(operation) : new Refused(operation.key(), epoch));
        return this;
    }

    private Answer serve(Operation operation) {
        try {
            if (operation instanceof Read read) {
                return read(read);
            }
            if (operation instanceof FindLacking find) {
                return findLacking(find);
            }
            Write write = (Write) operation;
            for (StoredChunk chunk : write.chunks()) {
                local.write(chunk);
            }
            return new Done(write.key(), List.of(), List.of());
        } catch (IOException | RuntimeException e) {
            return new Failed(operation.key(), Causes.text(e));
        }
    }

    private Done findLacking(FindLacking find) throws IOException {
        List<ChunkId> lacking = new ArrayList<>();
        for (ChunkId id : find.ids()) {
            if (!local.has(id)) {
                lacking.add(id);
            }
        }
        return new Done(find.key(), List.of(), lacking);
    }

    private Done read(Read read) {
        List<StoredChunk> chunks = new ArrayList<>();
        List<ChunkId> lacking = new ArrayList<>();
        for (ChunkId id : read.ids()) {
            local.read(id).ifPresentOrElse(chunks::add, () -> lacking.add(id));
        }
        return new Done(read.key(), chunks, lacking);
    }
}
