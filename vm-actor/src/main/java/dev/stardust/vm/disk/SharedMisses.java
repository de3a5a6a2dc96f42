package dev.stardust.vm.disk;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.shared.SharedDisks;
import dev.stardust.vm.worker.EventSink;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/**
 * In a worker: tells the node which extents of a shared disk a reader looked for in vain, some at a time.
 */
public final class SharedMisses implements IntConsumer {
    /** The event's name; its body is a {@link Told}. */
    public static final String EVENT = "sharedMisses";

    private static final long DELAY_MS = 50;
    private static final int MOST = 2_048;
    private static final Executor LATER = CompletableFuture.delayedExecutor(DELAY_MS, TimeUnit.MILLISECONDS);

    private final ChunkId root;
    private final EventSink events;
    private final BitSet missed = new BitSet();

    /**
     * The body of the event.
     *
     * @param root id of the disk's manifest, in hex
     */
    record Told(String root, int[] extents) {}

    SharedMisses(ChunkId root, EventSink events) {
        this.root = root;
        this.events = events;
    }

    @Override
    public synchronized void accept(int extent) {
        if (missed.isEmpty()) {
            LATER.execute(this::tell);
        }
        missed.set(extent);
        if (missed.cardinality() == MOST) {
            tell();
        }
    }

    private synchronized void tell() {
        if (!missed.isEmpty()) {
            events.emit(EVENT, new Told(root.toString(), missed.stream().toArray()));
            missed.clear();
        }
    }

    /**
     * In the node: passes on what a worker told.
     *
     * @throws IllegalArgumentException if no worker of ours tells such a thing
     */
    public static void pass(JsonNode body, SharedDisks disks) {
        JsonNode extents = body.path("extents");
        if (extents.size() > MOST) {
            throw new IllegalArgumentException(extents.size() + " extents missed at once");
        }
        int[] numbers = new int[extents.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = extents.get(i).asInt(-1);
        }
        disks.want(ChunkId.ofHex(body.path("root").asText()), numbers);
    }
}
