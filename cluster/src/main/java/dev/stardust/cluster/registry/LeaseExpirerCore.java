package dev.stardust.cluster.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Which leases the leader ends: those whose renew revision it has itself seen unchanged for their ttl and a margin. What
 * an earlier leader saw counts for nothing, so a new one grants every host a full lease first; the same when it was
 * itself not running for a while, since renewals may be waiting behind it. The end is conditional on the term and on the
 * revision that was looked at, so a late decision does not apply.
 */
final class LeaseExpirerCore {
    private record Seen(long renewRevision, long sinceNs) {}

    private final long marginMs;
    private final long longestGapNs;
    private final Supplier<String> requestIds;
    private final Map<String, Seen> seen = new HashMap<>();
    private OptionalLong term = OptionalLong.empty();
    private long lastTickNs;

    /**
     * A leader that has seen nothing yet.
     *
     * @param marginMs added to each ttl: how much clocks may differ in rate over a ttl
     * @param longestGapMs a longer time between two ticks means that this process was stopped
     */
    LeaseExpirerCore(long marginMs, long longestGapMs, Supplier<String> requestIds) {
        this.marginMs = marginMs;
        this.longestGapNs = TimeUnit.MILLISECONDS.toNanos(longestGapMs);
        this.requestIds = requestIds;
    }

    /**
     * Looks at the leases; to be called a few times a second.
     *
     * @param currentTerm the term in which this node leads, empty when it does not
     * @param leases the living leases as this node knows them
     * @return transactions to commit; each may be asked for again after another ttl
     */
    List<Txn> tick(long nowNs, OptionalLong currentTerm, List<Registry.LeaseView> leases) {
        if (!currentTerm.equals(term) || nowNs - lastTickNs > longestGapNs) {
            seen.clear();
            term = currentTerm;
        }
        lastTickNs = nowNs;
        if (term.isEmpty()) {
            return List.of();
        }
        Set<String> living = new HashSet<>();
        List<Txn> ends = new ArrayList<>();
        for (Registry.LeaseView lease : leases) {
            living.add(lease.lease());
            Seen before = seen.get(lease.lease());
            if (before == null || before.renewRevision() != lease.renewRevision()) {
                seen.put(lease.lease(), new Seen(lease.renewRevision(), nowNs));
            } else if (nowNs - before.sinceNs() >= TimeUnit.MILLISECONDS.toNanos(lease.ttlMs() + marginMs)) {
                ends.add(end(lease));
                seen.remove(lease.lease());
            }
        }
        seen.keySet().retainAll(living);
        return ends;
    }

    private Txn end(Registry.LeaseView lease) {
        return new Txn(
                requestIds.get(),
                List.of(
                        new Compare.InTerm(term.getAsLong()),
                        new Compare.LeaseAtRevision(lease.lease(), lease.renewRevision())),
                List.of(new Op.LeaseEnd(lease.lease(), "not renewed for " + lease.ttlMs() + " + " + marginMs + " ms")));
    }
}
