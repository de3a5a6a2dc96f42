package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.chunk.store.ChunkSink;
import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.ring.HashRing;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way into the ring: every chunk goes to all owners of its shard, in batches, and only those bytes travel that an
 * owner lacks. {@link #sync} returns when all owners have everything on disk. An owner that fails is replaced by the
 * next member that has not been tried: readers ask it when the owner lacks the chunk. Waiting memory is bounded; a put
 * blocks while it is full. The first chunk that too few hosts take fails this and all later calls.
 */
public final class RingSink implements ChunkSink {
    private static final Logger LOG = LoggerFactory.getLogger(RingSink.class);
    private static final long MAX_WAITING_BYTES = 16 << 20;
    private static final int ATTEMPTS = 2;
    private static final long RETRY_MS = 100;
    private static final int MAX_RETRIES = 300;
    private static final long LOOK_AGAIN_MS = 50;

    private final ChunkNode node;

    // Guarded by this.
    private final Map<ChunkId, Item> waiting = new HashMap<>();
    private final Map<String, List<Item>> filling = new HashMap<>();
    private long waitingBytes;
    private IOException failure;

    private static final class Item {
        private final StoredChunk chunk;
        /** Hosts that have it, are to get it, or failed. */
        private final Set<String> tried = new HashSet<>();

        private int owed;

        Item(StoredChunk chunk) {
            this.chunk = chunk;
        }
    }

    private record Batch(String host, List<Item> items, int attempt, int retries) {}

    RingSink(ChunkNode node) {
        this.node = node;
    }

    /**
     * Sends a chunk on its way, see {@link ChunkSink#put}.
     *
     * @return 0 when it is on its way already or this host has it, else its bytes as they are stored: whether other
     *     hosts have it is not known yet
     */
    @Override
    public int put(ChunkId id, ByteBuffer raw) throws IOException {
        HashRing ring = node.currentRing();
        int shard = ChunkNode.shardOf(id);
        int copies = ring.owners(shard).size();
        List<String> hosts = node.order(ring, shard).subList(0, copies);
        boolean mine = hosts.contains(node.host());
        if (mine && copies == 1) {
            return node.local().store().put(id, raw);
        }
        Item item =
                new Item(keep(ChunkCodec.encode(id, raw, node.local().store().zstdLevel())));
        int added = mine ? node.local().store().put(item.chunk) : 0;
        int length = item.chunk.bytes().remaining();
        flushUntil(() -> waitingBytes == 0 || waitingBytes + length <= MAX_WAITING_BYTES);
        List<Batch> full = new ArrayList<>();
        synchronized (this) {
            if (waiting.putIfAbsent(id, item) != null) {
                return 0;
            }
            waitingBytes += length;
            if (mine) {
                item.tried.add(node.host());
            }
            for (String host : hosts) {
                if (!host.equals(node.host())) {
                    enqueue(host, item, full);
                }
            }
        }
        full.forEach(this::dispatch);
        return mine ? added : length;
    }

    @Override
    public void sync() throws IOException {
        flushUntil(waiting::isEmpty);
        node.local().sync();
    }

    private static StoredChunk keep(StoredChunk chunk) {
        byte[] bytes = new byte[chunk.bytes().remaining()];
        chunk.bytes().get(chunk.bytes().position(), bytes);
        return new StoredChunk(chunk.id(), chunk.rawLength(), chunk.compressed(), ByteBuffer.wrap(bytes));
    }

    private void enqueue(String host, Item item, List<Batch> full) {
        item.tried.add(host);
        item.owed++;
        List<Item> batch = filling.computeIfAbsent(host, key -> new ArrayList<>());
        batch.add(item);
        if (batch.size() == ChunkMessages.BATCH_CHUNKS) {
            full.add(new Batch(host, filling.remove(host), 1, 0));
        }
    }

    private void flush(List<Batch> rest) {
        filling.forEach((host, items) -> rest.add(new Batch(host, items, 1, 0)));
        filling.clear();
    }

    private void dispatch(Batch batch) {
        try {
            HashRing ring = node.currentRing();
            List<StoredChunk> chunks =
                    batch.items().stream().map(item -> item.chunk).toList();
            boolean anywhere =
                    chunks.stream().anyMatch(chunk -> !ring.owns(batch.host(), ChunkNode.shardOf(chunk.id())));
            CompletableFuture<Void> unused = node.client()
                    .put(batch.host(), ring.epoch(), chunks, anywhere)
                    .whenComplete((done, problem) -> node.blocking().execute(() -> onDone(batch, problem)));
        } catch (RuntimeException e) {
            fail(new IOException("cannot send chunks to host " + batch.host() + ": " + e.getMessage(), e));
        }
    }

    private void onDone(Batch batch, Throwable problem) {
        if (problem == null) {
            release(batch.items());
            return;
        }
        Throwable cause = Causes.of(problem);
        if (cause instanceof NotNowException && batch.retries() < MAX_RETRIES) {
            Batch again = new Batch(batch.host(), batch.items(), batch.attempt(), batch.retries() + 1);
            CompletableFuture.delayedExecutor(RETRY_MS, TimeUnit.MILLISECONDS, node.blocking())
                    .execute(() -> dispatch(again));
            return;
        }
        LOG.info(
                "host {} did not take {} chunks: {}",
                batch.host(),
                batch.items().size(),
                Causes.text(cause));
        if (batch.attempt() < ATTEMPTS && !node.suspected(batch.host())) {
            node.suspect(batch.host());
            dispatch(new Batch(batch.host(), batch.items(), batch.attempt() + 1, batch.retries()));
            return;
        }
        node.suspect(batch.host());
        reroute(batch, cause);
    }

    private synchronized void release(List<Item> items) {
        for (Item item : items) {
            item.owed--;
            if (item.owed == 0) {
                waiting.remove(item.chunk.id());
                waitingBytes -= item.chunk.bytes().remaining();
            }
        }
        notifyAll();
    }

    /** Finds the next host for each chunk of a batch that its host did not take. */
    private void reroute(Batch batch, Throwable cause) {
        List<Batch> next = new ArrayList<>();
        synchronized (this) {
            HashRing ring = node.currentRing();
            Map<String, List<Item>> byHost = new HashMap<>();
            for (Item item : batch.items()) {
                String other = node.order(ring, ChunkNode.shardOf(item.chunk.id())).stream()
                        .filter(host -> !item.tried.contains(host))
                        .findFirst()
                        .orElse(null);
                if (other == null) {
                    fail(new IOException("chunk " + item.chunk.id() + " does not find "
                            + ring.snapshot().replication() + " hosts that take it; host " + batch.host() + ": "
                            + Causes.text(cause)));
                    return;
                }
                item.tried.add(other);
                byHost.computeIfAbsent(other, key -> new ArrayList<>()).add(item);
            }
            byHost.forEach((host, items) -> next.add(new Batch(host, items, 1, 0)));
        }
        next.forEach(this::dispatch);
    }

    private synchronized void fail(IOException e) {
        if (failure == null) {
            failure = e;
        }
        notifyAll();
    }

    private void throwFailure() throws IOException {
        if (failure != null) {
            throw new IOException(failure.getMessage(), failure);
        }
    }

    /** Sends what waits, full batch or not, until this holds; looks again now and then, since others go on putting. */
    private void flushUntil(BooleanSupplier enough) throws IOException {
        while (true) {
            List<Batch> rest = new ArrayList<>();
            synchronized (this) {
                throwFailure();
                if (enough.getAsBoolean()) {
                    return;
                }
                flush(rest);
            }
            rest.forEach(this::dispatch);
            synchronized (this) {
                if (failure == null && !enough.getAsBoolean()) {
                    awaitChange();
                }
            }
        }
    }

    @SuppressWarnings("WaitNotInLoop") // flushUntil is the loop
    private void awaitChange() throws IOException {
        try {
            wait(LOOK_AGAIN_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while chunks were on their way");
        }
    }
}
