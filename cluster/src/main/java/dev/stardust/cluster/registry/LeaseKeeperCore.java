package dev.stardust.cluster.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * When a host renews its lease and until when it holds it. Time counts from the moment a renewal was sent: whoever ends
 * the lease can only start to count later.
 */
final class LeaseKeeperCore {
    /** What is to be done. */
    sealed interface Effect {
        /** Commit the transaction and tell the outcome under this number. */
        record Send(long attempt, Txn txn) implements Effect {}

        record Confirmed(long untilNs) implements Effect {}

        record Lost() implements Effect {}
    }

    private record Sent(long atNs, boolean grant) {}

    private final String lease;
    private final String aliveKey;
    private final String bootId;
    private final long ttlMs;
    private final Supplier<String> requestIds;
    private final Map<Long, Sent> underWay = new HashMap<>();
    private boolean held;
    private boolean confirmed;
    private long untilNs;
    private boolean started;
    private long nextSendNs;
    private long attempts;

    LeaseKeeperCore(String lease, String aliveKey, String bootId, long ttlMs, Supplier<String> requestIds) {
        this.lease = lease;
        this.aliveKey = aliveKey;
        this.bootId = bootId;
        this.ttlMs = ttlMs;
        this.requestIds = requestIds;
    }

    /** To be called often; sends every quarter of the ttl, whether or not earlier attempts have answered. */
    List<Effect> tick(long nowNs) {
        if (started && nowNs - nextSendNs < 0) {
            return List.of();
        }
        started = true;
        nextSendNs = nowNs + TimeUnit.MILLISECONDS.toNanos(ttlMs) / 4;
        long attempt = ++attempts;
        underWay.put(attempt, new Sent(nowNs, !held));
        return List.of(new Effect.Send(attempt, held ? renewal() : grant()));
    }

    private Txn grant() {
        return new Txn(
                requestIds.get(),
                List.of(),
                List.of(new Op.LeaseRenew(lease, ttlMs), new Op.Put(aliveKey, bootId, lease)));
    }

    /** Only while the lease is the one this process was granted: an ended lease is never revived silently. */
    private Txn renewal() {
        return new Txn(
                requestIds.get(),
                List.of(new Compare.LeaseAlive(lease), new Compare.HasValue(aliveKey, bootId)),
                List.of(new Op.LeaseRenew(lease, ttlMs)));
    }

    List<Effect> answered(long attempt, boolean applied) {
        Sent sent = underWay.remove(attempt);
        if (sent == null) {
            return List.of();
        }
        if (!applied) {
            return sent.grant() ? List.of() : lost();
        }
        held = true;
        List<Effect> effects = new ArrayList<>(1);
        long until = sent.atNs() + TimeUnit.MILLISECONDS.toNanos(ttlMs);
        if (!confirmed || until - untilNs > 0) {
            confirmed = true;
            untilNs = until;
            effects.add(new Effect.Confirmed(until));
        }
        return effects;
    }

    /** The outcome of an attempt stayed unknown: it confirms nothing. */
    void failed(long attempt) {
        underWay.remove(attempt);
    }

    private List<Effect> lost() {
        held = false;
        confirmed = false;
        underWay.clear();
        started = false; // asks for a new one with the next tick
        return List.of(new Effect.Lost());
    }
}
