package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.ring.HashRing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One fetch, in rounds: each chunk is asked of the best host that was not asked for it yet, all hosts at the same time,
 * each by batches, two at a time. Who does not answer or knows another ring is asked again or later.
 */
final class FetchJob {
    private static final Logger LOG = LoggerFactory.getLogger(FetchJob.class);
    private static final int LANES = 2;
    private static final long RETRY_MS = 100;
    private static final long DEADLINE_TIMEOUTS = 6;

    private final ChunkNode node;
    private final boolean trustLocal;
    private final Taker taker;

    // Guarded by this.
    private final Set<ChunkId> wanted;
    private final Map<ChunkId, Set<String>> asked = new HashMap<>();
    private final Map<String, List<ChunkId>> lacking = new HashMap<>();
    private long deadlineNs;
    private String lastProblem = "";
    private boolean notNow;
    private int here;
    private int fetched;
    private long fetchedBytes;

    /** Takes a chunk after checking it against its id. */
    interface Taker {
        void take(StoredChunk chunk) throws IOException;
    }

    private record Target(String host, boolean anywhere) {}

    /** @param trustLocal whether what the local store claims to hold need not be fetched */
    FetchJob(ChunkNode node, Collection<ChunkId> ids, boolean trustLocal, Taker taker) {
        this.node = node;
        this.trustLocal = trustLocal;
        this.taker = taker;
        this.wanted = new LinkedHashSet<>(ids);
        this.deadlineNs = nextDeadlineNs();
    }

    /** Until when the next chunk must have come. */
    private long nextDeadlineNs() {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DEADLINE_TIMEOUTS * node.timeoutMs());
    }

    CompletableFuture<FetchReport> run() {
        return CompletableFuture.runAsync(this::dropLocal, node.blocking()).thenCompose(ready -> round());
    }

    private synchronized void dropLocal() {
        if (!trustLocal) {
            return;
        }
        try {
            for (ChunkId id : List.copyOf(wanted)) {
                if (node.local().has(id)) {
                    wanted.remove(id);
                    here++;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private CompletableFuture<FetchReport> round() {
        HashRing ring;
        Map<Target, List<ChunkId>> plan;
        Executor pace;
        synchronized (this) {
            if (wanted.isEmpty()) {
                return finish();
            }
            if (System.nanoTime() - deadlineNs > 0) {
                throw new ChunkTransferException("no end of fetching " + wanted.size() + " chunks: " + lastProblem);
            }
            ring = node.currentRing();
            plan = plan(ring);
            pace = notNow
                    ? CompletableFuture.delayedExecutor(RETRY_MS, TimeUnit.MILLISECONDS, node.blocking())
                    : node.blocking();
            notNow = false;
        }
        List<CompletableFuture<Void>> lanes = new ArrayList<>();
        plan.forEach((target, ids) -> {
            List<List<ChunkId>> batches = Batches.of(ids);
            for (int lane = 0; lane < LANES; lane++) {
                lanes.add(lane(ring, target, batches, lane));
            }
        });
        return CompletableFuture.allOf(lanes.toArray(CompletableFuture[]::new)).thenComposeAsync(done -> round(), pace);
    }

    private Map<Target, List<ChunkId>> plan(HashRing ring) {
        Map<Target, List<ChunkId>> plan = new HashMap<>();
        for (ChunkId id : wanted) {
            int shard = ChunkNode.shardOf(id);
            Set<String> done = asked.getOrDefault(id, Set.of());
            String next = node.order(ring, shard).stream()
                    .filter(host -> !host.equals(node.host()) && !done.contains(host))
                    .findFirst()
                    .orElseThrow(() -> new ChunkTransferException("chunk " + id + " is nowhere to be found; asked "
                            + (done.isEmpty() ? "nobody, since the ring has no other host" : new TreeSet<>(done))
                            + (lastProblem.isEmpty() ? "" : "; " + lastProblem)));
            plan.computeIfAbsent(new Target(next, !ring.owns(next, shard)), key -> new ArrayList<>())
                    .add(id);
        }
        return plan;
    }

    /** Every LANES-th batch, one after the other. */
    private CompletableFuture<Void> lane(HashRing ring, Target target, List<List<ChunkId>> batches, int from) {
        if (from >= batches.size()) {
            return CompletableFuture.completedFuture(null);
        }
        return ask(ring, target, batches.get(from))
                .thenCompose(goOn ->
                        goOn ? lane(ring, target, batches, from + LANES) : CompletableFuture.completedFuture(null));
    }

    /** Whether to ask this host for more in this round. */
    private CompletableFuture<Boolean> ask(HashRing ring, Target target, List<ChunkId> batch) {
        return node.client()
                .get(target.host(), ring.epoch(), batch, target.anywhere())
                .handleAsync(
                        (got, failure) -> {
                            if (failure != null) {
                                onFailure(target, batch, Causes.of(failure));
                                return false;
                            }
                            onGot(target, got);
                            return true;
                        },
                        node.blocking());
    }

    private synchronized void onFailure(Target target, List<ChunkId> batch, Throwable failure) {
        lastProblem = "host " + target.host() + ": " + Causes.text(failure);
        if (failure instanceof NotNowException) {
            notNow = true;
            return;
        }
        node.suspect(target.host());
        batch.forEach(id -> markAsked(id, target.host()));
    }

    private void onGot(Target target, ChunkClient.Got got) {
        Set<ChunkId> bad = new HashSet<>(got.missing());
        for (StoredChunk chunk : got.chunks()) {
            try {
                taker.take(chunk);
                onTaken(chunk);
            } catch (CorruptChunkException e) {
                LOG.warn("host {} sent a damaged chunk: {}", target.host(), e.getMessage());
                bad.add(chunk.id());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        synchronized (this) {
            for (ChunkId id : bad) {
                markAsked(id, target.host());
                if (!target.anywhere()) {
                    lacking.computeIfAbsent(target.host(), host -> new ArrayList<>())
                            .add(id);
                }
            }
        }
    }

    private synchronized void onTaken(StoredChunk chunk) {
        wanted.remove(chunk.id());
        deadlineNs = nextDeadlineNs();
        fetched++;
        fetchedBytes += chunk.bytes().remaining();
    }

    private void markAsked(ChunkId id, String host) {
        asked.computeIfAbsent(id, key -> new HashSet<>()).add(host);
    }

    private synchronized CompletableFuture<FetchReport> finish() {
        FetchReport report = new FetchReport(here, fetched, fetchedBytes);
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        if (report.fetched() > 0) {
                            node.local().sync();
                        }
                        repair();
                        return report;
                    } catch (IOException e) {
                        throw new CompletionException(e);
                    }
                },
                node.blocking());
    }

    /** Offers owners what they lacked; nobody waits for it. */
    private synchronized void repair() {
        if (lacking.isEmpty()) {
            return;
        }
        long epoch = node.currentRing().epoch();
        lacking.forEach((host, ids) -> {
            for (List<ChunkId> batch : Batches.of(ids)) {
                List<StoredChunk> chunks = batch.stream()
                        .flatMap(id -> node.local().read(id).stream())
                        .toList();
                CompletableFuture<Void> unused = node.client()
                        .put(host, epoch, chunks, false)
                        .whenComplete((done, failure) -> {
                            if (failure != null) {
                                LOG.info(
                                        "owner {} still lacks {} chunks: {}",
                                        host,
                                        chunks.size(),
                                        Causes.text(failure));
                            }
                        });
            }
        });
    }
}
