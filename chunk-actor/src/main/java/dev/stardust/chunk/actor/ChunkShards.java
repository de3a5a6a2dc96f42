package dev.stardust.chunk.actor;

import dev.stardust.chunk.actor.ChunkMessages.ChunksSent;
import dev.stardust.chunk.actor.ChunkMessages.ChunksStored;
import dev.stardust.chunk.actor.ChunkMessages.ChunksWanted;
import dev.stardust.chunk.actor.ChunkMessages.GetChunks;
import dev.stardust.chunk.actor.ChunkMessages.OpenStream;
import dev.stardust.chunk.actor.ChunkMessages.PutChunks;
import dev.stardust.chunk.actor.ChunkMessages.Reply;
import dev.stardust.chunk.actor.ChunkMessages.Request;
import dev.stardust.chunk.actor.ChunkMessages.RequestFailed;
import dev.stardust.chunk.actor.ChunkMessages.StreamOpened;
import dev.stardust.chunk.actor.ChunkMessages.WrongEpoch;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.registry.Registry;
import dev.stardust.cluster.ring.HashRing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * The chunk face of a host: parent of its {@link ChunkShard}s, one for each shard that it owns by the present ring, and
 * one more that holds what other shards left on this host. It takes the requests of other hosts apart by shards and
 * answers them, and hands answers to this host's own requests to their {@link ChunkClient}.
 */
public final class ChunkShards extends AbstractBehavior<ChunkShards.Command> {
    /** Name of the actor, right below the guardian: other hosts find it as {@code /user/chunks}. */
    public static final String NAME = "chunks";

    /** What may be told to it: {@link ChunkMessages} from other hosts, the rest from here. */
    public sealed interface Command permits ChunkMessages, RingChanged, ShardAnswered, Arrived {}

    private record RingChanged(HashRing ring) implements Command {}

    private record ShardAnswered(ChunkShard.Answer answer) implements Command {}

    private record Arrived(PutChunks request, List<StoredChunk> chunks) implements Command {}

    private final ChunkNode node;
    private final ActorRef<ChunkShard.Answer> answers;
    private final Map<Integer, ActorRef<ChunkShard.Command>> owned = new HashMap<>();
    private final ActorRef<ChunkShard.Command> others;
    private final Map<Long, Gather> gathers = new HashMap<>();
    private final Registry.Watch ringWatch;
    private long nextGather;
    private long epoch;

    private ChunkShards(ActorContext<Command> context, ChunkNode node) {
        super(context);
        this.node = node;
        this.answers = context.messageAdapter(ChunkShard.Answer.class, ShardAnswered::new);
        this.others = spawnShard("others");
        ActorRef<Command> self = context.getSelf();
        this.ringWatch = node.ring().onChange(ring -> self.tell(new RingChanged(ring)));
    }

    static Behavior<Command> create(ChunkNode node) {
        return Behaviors.setup(context -> new ChunkShards(context, node));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Reply.class, this::onReply)
                .onMessage(OpenStream.class, this::onOpenStream)
                .onMessage(GetChunks.class, this::onGetChunks)
                .onMessage(PutChunks.class, this::onPutChunks)
                .onMessage(Arrived.class, this::onArrived)
                .onMessage(ShardAnswered.class, this::onShardAnswered)
                .onMessage(RingChanged.class, this::onRingChanged)
                .onSignal(PostStop.class, this::onPostStop)
                .build();
    }

    private ActorRef<ChunkShard.Command> spawnShard(String name) {
        return getContext().spawn(ChunkShard.create(node.local(), epoch), name, DispatcherSelector.blocking());
    }

    private Behavior<Command> onRingChanged(RingChanged message) {
        HashRing ring = message.ring();
        epoch = ring.epoch();
        Set<Integer> mine = new HashSet<>(ring.shardsOf(node.host()));
        Set<Integer> lost = new HashSet<>(owned.keySet());
        lost.removeAll(mine);
        for (int shard : lost) {
            getContext().stop(owned.remove(shard));
        }
        owned.values().forEach(shard -> shard.tell(new ChunkShard.NewEpoch(epoch)));
        others.tell(new ChunkShard.NewEpoch(epoch));
        for (int shard : mine) {
            owned.computeIfAbsent(shard, number -> spawnShard("shard-" + number + "-" + epoch));
        }
        return this;
    }

    private Behavior<Command> onReply(Reply reply) {
        node.client().onReply(reply);
        return this;
    }

    private Behavior<Command> onOpenStream(OpenStream request) {
        CompletableFuture.supplyAsync(() -> node.inbox().open(request.from()), node.blocking())
                .thenAccept(session -> answer(request, new StreamOpened(request.requestId(), session)))
                .exceptionally(failure -> fail(request, failure));
        return this;
    }

    private Behavior<Command> onGetChunks(GetChunks request) {
        if (node.client().outbox().queued(request.from()) >= ChunkNode.MAX_REPLIES) {
            answer(request, new RequestFailed(request.requestId(), "too many chunks wait to be sent", true));
            return this;
        }
        toShards(
                new Task<>(
                        request,
                        request.epoch(),
                        request.anywhere(),
                        () -> ChunkMessages.unpack(request.ids()),
                        Function.identity(),
                        (key, ids) -> new ChunkShard.Read(key, request.epoch(), ids, answers)),
                found -> send(request, found.chunks(), found.lacking()));
        return this;
    }

    private void send(GetChunks request, List<StoredChunk> chunks, List<ChunkId> missing) {
        CompletableFuture<Void> sending = chunks.isEmpty()
                ? CompletableFuture.completedFuture(null)
                : node.client().outbox().send(request.from(), request.requestId(), chunks);
        sending.thenRun(() -> answer(request, new ChunksSent(request.requestId(), ChunkMessages.pack(missing))))
                .exceptionally(failure -> fail(request, failure));
    }

    private Behavior<Command> onPutChunks(PutChunks request) {
        if (node.inbox().requests() >= ChunkNode.MAX_REQUESTS) {
            answer(request, new RequestFailed(request.requestId(), "too many chunks are on their way to it", true));
            return this;
        }
        toShards(
                new Task<>(
                        request,
                        request.epoch(),
                        request.anywhere(),
                        () -> ChunkMessages.unpack(request.ids()),
                        Function.identity(),
                        (key, ids) -> new ChunkShard.FindLacking(key, request.epoch(), ids, answers)),
                found -> await(request, found.lacking()));
        return this;
    }

    private void await(PutChunks request, List<ChunkId> wanted) {
        ActorRef<Command> self = getContext().getSelf();
        Arrivals arrivals = node.inbox().expect(request.from(), request.requestId(), wanted);
        arrivals.all()
                .orTimeout(node.timeoutMs(), TimeUnit.MILLISECONDS)
                .whenComplete((chunks, failure) -> node.inbox().forget(request.from(), request.requestId()))
                .thenAccept(chunks -> self.tell(new Arrived(request, chunks)))
                .exceptionally(failure -> fail(request, failure));
        answer(request, new ChunksWanted(request.requestId(), ChunkMessages.pack(wanted)));
        arrivals.without(List.of());
    }

    private Behavior<Command> onArrived(Arrived message) {
        PutChunks request = message.request();
        toShards(
                new Task<>(
                        request,
                        request.epoch(),
                        request.anywhere(),
                        message::chunks,
                        StoredChunk::id,
                        (key, chunks) -> new ChunkShard.Write(key, request.epoch(), chunks, answers)),
                written -> CompletableFuture.runAsync(this::sync, node.blocking())
                        .thenRun(() -> answer(request, new ChunksStored(request.requestId())))
                        .exceptionally(failure -> fail(request, failure)));
        return this;
    }

    private void sync() {
        try {
            node.local().sync();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Behavior<Command> onShardAnswered(ShardAnswered message) {
        long key = message.answer().key();
        Gather gather = gathers.get(key);
        if (gather != null && gather.add(message.answer())) {
            gathers.remove(key);
        }
        return this;
    }

    private Behavior<Command> onPostStop(PostStop signal) {
        ringWatch.close();
        return this;
    }

    /**
     * What the shards are to do for a request.
     *
     * @param items read inside, since a request may be malformed
     */
    private record Task<T>(
            Request request,
            long epoch,
            boolean anywhere,
            Supplier<List<T>> items,
            Function<T, ChunkId> id,
            Maker<T> maker) {}

    private interface Maker<T> {
        ChunkShard.Operation make(long key, List<T> part);
    }

    private <T> void toShards(Task<T> task, Consumer<Gather> then) {
        try {
            Map<ActorRef<ChunkShard.Command>, List<T>> parts = parts(task);
            long key = nextGather++;
            Gather gather = new Gather(parts.size(), done -> conclude(task.request(), done, then));
            if (parts.isEmpty()) {
                conclude(task.request(), gather, then);
                return;
            }
            gathers.put(key, gather);
            parts.forEach((shard, part) -> shard.tell(task.maker().make(key, part)));
        } catch (RuntimeException e) {
            fail(task.request(), e);
        }
    }

    private <T> Map<ActorRef<ChunkShard.Command>, List<T>> parts(Task<T> task) {
        Map<ActorRef<ChunkShard.Command>, List<T>> parts = new HashMap<>();
        for (T item : task.items().get()) {
            int shard = ChunkNode.shardOf(task.id().apply(item));
            ActorRef<ChunkShard.Command> owner = owned.get(shard);
            if (owner == null) {
                if (task.epoch() == epoch && !task.anywhere()) {
                    throw new ChunkTransferException("host " + node.host() + " does not own shard " + shard);
                }
                owner = others;
            }
            parts.computeIfAbsent(owner, key -> new ArrayList<>()).add(item);
        }
        return parts;
    }

    private void conclude(Request request, Gather done, Consumer<Gather> then) {
        if (done.currentEpoch() != 0) {
            answer(request, new WrongEpoch(request.requestId(), done.currentEpoch()));
        } else if (!done.failure().isEmpty()) {
            answer(request, new RequestFailed(request.requestId(), done.failure(), false));
        } else {
            then.accept(done);
        }
    }

    private void answer(Request request, Reply reply) {
        node.peers().tell(request.from(), reply);
    }

    private Void fail(Request request, Throwable failure) {
        answer(request, new RequestFailed(request.requestId(), Causes.text(failure), false));
        return null;
    }
}
