package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.cluster.ring.HashRing;
import dev.stardust.cluster.ring.RingView;
import dev.stardust.cluster.stream.StreamTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.Behavior;

/**
 * A host's part in the ring of chunks. Its streams and requests outlive the actor system, whose guardian spawns
 * {@link #behavior} under the name {@link ChunkShards#NAME} whenever it starts.
 */
public final class ChunkNode implements AutoCloseable {
    /** How long another host may take to answer. */
    public static final long DEFAULT_TIMEOUT_MS = 10_000;

    /** Requests whose chunks may be on their way here before offers are put off: with the largest chunks 64 MiB. */
    static final int MAX_REQUESTS = 16;

    /** Requests whose chunks may wait to be sent to a host before more are put off. */
    static final int MAX_REPLIES = 8;

    private static final int BLOCKING_THREADS = 4;
    private static final long SUSPECT_NS = TimeUnit.SECONDS.toNanos(10);

    private final String host;
    private final LocalChunks local;
    private final RingView ring;
    private final ChunkPeers peers;
    private final long timeoutMs;
    private final ThreadPoolExecutor blocking;
    private final ChunkInbox inbox;
    private final ChunkClient client;
    private final Map<String, Long> suspectSinceNs = new ConcurrentHashMap<>();

    /** With the default time-out. */
    public ChunkNode(String host, ChunkStore store, StreamTransport transport, RingView ring, ChunkPeers peers) {
        this(host, store, transport, ring, peers, DEFAULT_TIMEOUT_MS);
    }

    /**
     * Joins the parts; store, transport and ring stay the caller's.
     *
     * @param host id of this host, as in the ring
     * @param timeoutMs how long another host may take to answer
     */
    public ChunkNode(
            String host, ChunkStore store, StreamTransport transport, RingView ring, ChunkPeers peers, long timeoutMs) {
        this.host = host;
        this.local = new LocalChunks(store);
        this.ring = ring;
        this.peers = peers;
        this.timeoutMs = timeoutMs;
        this.blocking = new ThreadPoolExecutor(
                BLOCKING_THREADS, BLOCKING_THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "chunk-io");
                    thread.setDaemon(true);
                    return thread;
                });
        blocking.allowCoreThreadTimeOut(true);
        this.inbox = new ChunkInbox(transport);
        this.client = new ChunkClient(
                host, peers, inbox, handshake -> new ChunkOutbox(transport, handshake, timeoutMs), timeoutMs);
    }

    /** The actor that serves other hosts. */
    public Behavior<ChunkShards.Command> behavior() {
        return ChunkShards.create(this);
    }

    /** Brings chunks here. */
    public ChunkFetcher fetcher() {
        return new ChunkFetcher(this);
    }

    /** Spreads chunks over their owners; one for each import. */
    public RingSink newSink() {
        return new RingSink(this);
    }

    /** Shard of a chunk. */
    public static int shardOf(ChunkId id) {
        return id.shard(HashRing.SHARDS);
    }

    @Override
    public void close() {
        client.outbox().close();
        inbox.close();
        blocking.shutdown();
    }

    String host() {
        return host;
    }

    LocalChunks local() {
        return local;
    }

    RingView ring() {
        return ring;
    }

    /** The present ring, or a clear error when none is known yet. */
    HashRing currentRing() {
        return ring.current()
                .orElseThrow(() -> new ChunkTransferException("host " + host
                        + " knows no ring yet: has it joined the cluster, and is there a registry leader?"));
    }

    ChunkPeers peers() {
        return peers;
    }

    ChunkInbox inbox() {
        return inbox;
    }

    ChunkClient client() {
        return client;
    }

    Executor blocking() {
        return blocking;
    }

    long timeoutMs() {
        return timeoutMs;
    }

    /** Notes that a host failed a request: others are preferred for a while. */
    void suspect(String failed) {
        suspectSinceNs.put(failed, System.nanoTime());
    }

    boolean suspected(String member) {
        Long since = suspectSinceNs.get(member);
        return since != null && System.nanoTime() - since < SUSPECT_NS;
    }

    /** All members in the order to turn to for a shard: owners before others, but hosts that seem dead last of all. */
    List<String> order(HashRing by, int shard) {
        List<String> order = new ArrayList<>();
        List<String> unlikely = new ArrayList<>();
        for (String member : by.readOrder(shard)) {
            (likely(member) ? order : unlikely).add(member);
        }
        order.addAll(unlikely);
        return order;
    }

    private boolean likely(String member) {
        if (member.equals(host)) {
            return true;
        }
        return peers.alive(member) && !suspected(member);
    }
}
