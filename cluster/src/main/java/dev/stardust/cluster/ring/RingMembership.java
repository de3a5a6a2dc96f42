package dev.stardust.cluster.ring;

import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Registry;
import dev.stardust.cluster.registry.RegistryException;
import dev.stardust.cluster.registry.Txn;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Changes of the ring in the registry, each a compare-and-set with epoch + 1.
 *
 * <p>A change moves the ownership of shards, not yet their chunks: until those are moved, readers who miss a chunk at
 * its new owners ask every other member ({@link HashRing#readOrder}).
 */
public final class RingMembership {
    private static final int ATTEMPTS = 100;

    private final Registry registry;

    public RingMembership(Registry registry) {
        this.registry = registry;
    }

    /**
     * Makes the host a member with this weight; the first one makes the ring.
     *
     * @param replication used only by the first member
     * @return the ring with the host in it
     */
    public CompletionStage<RingSnapshot> join(String host, int weight, int replication) {
        return join(host, weight, replication, ATTEMPTS);
    }

    private CompletionStage<RingSnapshot> join(String host, int weight, int replication, int attempts) {
        return registry.read(RingSnapshot.KEY).thenCompose(entries -> {
            Optional<Entry> entry = entries.stream()
                    .filter(e -> e.key().equals(RingSnapshot.KEY))
                    .findFirst();
            Optional<RingSnapshot> old = entry.map(e -> RingSnapshot.fromJson(e.value()));
            RingSnapshot next = old.map(ring -> ring.with(host, weight))
                    .orElseGet(() -> RingSnapshot.first(host, weight, replication));
            if (old.isPresent() && old.get().equals(next)) {
                return CompletableFuture.completedFuture(next);
            }
            Compare unchanged = entry.<Compare>map(e -> new Compare.AtRevision(e.key(), e.modRevision()))
                    .orElseGet(() -> new Compare.Absent(RingSnapshot.KEY));
            Txn txn = new Txn(
                    UUID.randomUUID().toString(),
                    List.of(unchanged),
                    List.of(new Op.Put(RingSnapshot.KEY, next.toJson())));
            return registry.commit(txn).thenCompose(result -> {
                if (result.applied()) {
                    return CompletableFuture.completedFuture(next);
                }
                if (attempts <= 1) {
                    return CompletableFuture.failedFuture(new RegistryException(
                            "host " + host + " did not get into the ring: others changed it " + ATTEMPTS + " times"));
                }
                return join(host, weight, replication, attempts - 1);
            });
        });
    }
}
