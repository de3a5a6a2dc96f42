package dev.stardust.cluster.registry;

import java.util.UUID;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends leases while this node leads: the thread around {@link LeaseExpirerCore}. Runs on every node. */
public final class LeaseExpirer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseExpirer.class);
    private static final long TICK_MS = 250;
    private static final long LONGEST_GAP_MS = 2_000;

    private final RaftRegistry registry;
    private final LeaseExpirerCore core;
    private final ScheduledThreadPoolExecutor thread;

    private LeaseExpirer(RaftRegistry registry, long marginMs) {
        this.registry = registry;
        this.core = new LeaseExpirerCore(
                marginMs, LONGEST_GAP_MS, () -> UUID.randomUUID().toString());
        thread = new ScheduledThreadPoolExecutor(1, r -> {
            Thread t = new Thread(r, "lease-expirer");
            t.setDaemon(true);
            return t;
        });
    }

    /**
     * Starts to look at the leases whenever this node leads.
     *
     * @param marginMs waited beyond each ttl
     */
    public static LeaseExpirer start(RaftRegistry registry, long marginMs) {
        LeaseExpirer expirer = new LeaseExpirer(registry, marginMs);
        var unused = expirer.thread.scheduleWithFixedDelay(expirer::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
        return expirer;
    }

    private void tick() {
        try {
            endThoseNotRenewed();
        } catch (RuntimeException e) {
            LOG.error("looking at the leases; going on", e); // a thrown tick would be the last one
        }
    }

    private void endThoseNotRenewed() {
        for (Txn end : core.tick(System.nanoTime(), registry.leaderTerm(), registry.localLeases())) {
            Op.LeaseEnd what = (Op.LeaseEnd) end.then().get(0);
            var unused = registry.commit(end).whenComplete((result, error) -> {
                if (error != null) {
                    LOG.warn("ending lease {} failed, looking again: {}", what.lease(), error.getMessage());
                } else if (result.applied()) {
                    LOG.warn("lease {} ended: {}", what.lease(), what.reason());
                }
            });
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
