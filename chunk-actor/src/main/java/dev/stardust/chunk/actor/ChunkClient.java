package dev.stardust.chunk.actor;

import dev.stardust.chunk.actor.ChunkMessages.ChunksSent;
import dev.stardust.chunk.actor.ChunkMessages.ChunksStored;
import dev.stardust.chunk.actor.ChunkMessages.ChunksWanted;
import dev.stardust.chunk.actor.ChunkMessages.GetChunks;
import dev.stardust.chunk.actor.ChunkMessages.OpenStream;
import dev.stardust.chunk.actor.ChunkMessages.PutChunks;
import dev.stardust.chunk.actor.ChunkMessages.Reply;
import dev.stardust.chunk.actor.ChunkMessages.StreamOpened;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.stream.StreamSession;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * Asks other hosts' {@link ChunkShards}. Stages fail with {@link NotNowException}, {@link ChunkTransferException} or
 * a time-out.
 */
final class ChunkClient {
    /** With the largest chunks 32 MiB of memory, usually a quarter of that. */
    private static final int CONCURRENT_GETS = 8;

    private final String self;
    private final ChunkPeers peers;
    private final ChunkInbox inbox;
    private final ChunkOutbox outbox;
    private final long timeoutMs;
    private final AsyncPermits gets = new AsyncPermits(CONCURRENT_GETS);
    private final Map<Long, Conversation> asked = new ConcurrentHashMap<>();
    /** From a random start, so that answers to a former process of this host are not taken for ours. */
    private final AtomicLong nextRequest = new AtomicLong(new SecureRandom().nextLong());

    /**
     * What a host sent.
     *
     * @param chunks not yet checked against their ids
     * @param missing what it does not hold
     */
    record Got(List<StoredChunk> chunks, List<ChunkId> missing) {}

    /** Makes the client and the outbox that opens its streams by it. */
    ChunkClient(String self, ChunkPeers peers, ChunkInbox inbox, OutboxMaker outboxMaker, long timeoutMs) {
        this.self = self;
        this.peers = peers;
        this.inbox = inbox;
        this.timeoutMs = timeoutMs;
        this.outbox = outboxMaker.make(this::open);
    }

    /** Makes the outbox from its handshake. */
    interface OutboxMaker {
        ChunkOutbox make(Function<String, CompletableFuture<StreamSession>> handshake);
    }

    ChunkOutbox outbox() {
        return outbox;
    }

    /** Takes an answer; one that nobody waits for is dropped. */
    void onReply(Reply reply) {
        Conversation waiting = asked.get(reply.requestId());
        if (waiting != null) {
            waiting.take(reply);
        }
    }

    private CompletableFuture<StreamSession> open(String host) {
        long id = nextRequest.getAndIncrement();
        Conversation talk = ask(host, 0, new OpenStream(self, id));
        return talk.last(StreamOpened.class).thenApply(StreamOpened::session).whenComplete((s, f) -> asked.remove(id));
    }

    /** Asks for up to {@link ChunkMessages#BATCH_CHUNKS} chunks; only so many at once, to bound memory. */
    CompletableFuture<Got> get(String host, long epoch, List<ChunkId> ids, boolean anywhere) {
        return gets.run(() -> getNow(host, epoch, ids, anywhere));
    }

    private CompletableFuture<Got> getNow(String host, long epoch, List<ChunkId> ids, boolean anywhere) {
        long id = nextRequest.getAndIncrement();
        Arrivals arrivals = inbox.expect(host, id, ids);
        Conversation talk = ask(host, epoch, new GetChunks(self, id, epoch, ChunkMessages.pack(ids), anywhere));
        return talk.last(ChunksSent.class)
                .thenCompose(sent -> {
                    List<ChunkId> missing = ChunkMessages.unpack(sent.missing());
                    arrivals.without(missing);
                    return arrivals.all()
                            .orTimeout(timeoutMs, TimeUnit.MILLISECONDS)
                            .thenApply(chunks -> new Got(chunks, missing));
                })
                .whenComplete((got, failure) -> {
                    asked.remove(id);
                    inbox.forget(host, id);
                });
    }

    /** Offers up to {@link ChunkMessages#BATCH_CHUNKS} chunks and sends those wanted; completes when all are on disk. */
    CompletableFuture<Void> put(String host, long epoch, List<StoredChunk> chunks, boolean anywhere) {
        long id = nextRequest.getAndIncrement();
        byte[] ids = ChunkMessages.pack(chunks.stream().map(StoredChunk::id).toList());
        Conversation talk = ask(host, epoch, new PutChunks(self, id, epoch, ids, anywhere));
        return talk.first(ChunksWanted.class)
                .thenCompose(wanted -> {
                    Set<ChunkId> lacking = new HashSet<>(ChunkMessages.unpack(wanted.ids()));
                    List<StoredChunk> toSend = chunks.stream()
                            .filter(chunk -> lacking.contains(chunk.id()))
                            .toList();
                    if (!toSend.isEmpty()) {
                        outbox.send(host, id, toSend).exceptionally(failure -> {
                            talk.fail(Causes.of(failure));
                            return null;
                        });
                    }
                    return talk.last(ChunksStored.class);
                })
                .<Void>thenApply(stored -> null)
                .whenComplete((done, failure) -> asked.remove(id));
    }

    private Conversation ask(String host, long epoch, ChunkMessages.Request request) {
        Conversation talk = new Conversation(host, epoch, timeoutMs);
        asked.put(request.requestId(), talk);
        if (!peers.tell(host, request)) {
            talk.fail(new ChunkTransferException("host " + host + " is unknown"));
        }
        return talk;
    }
}
