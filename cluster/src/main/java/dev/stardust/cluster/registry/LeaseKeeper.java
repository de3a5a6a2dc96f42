package dev.stardust.cluster.registry;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds a host's lease: the thread around {@link LeaseKeeperCore}. */
public final class LeaseKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);

    private final Registry registry;
    private final LongSupplier clockNs;
    private final LeaseListener listener;
    private final LeaseKeeperCore core;
    private final String lease;
    private final Compare ours;
    private final ScheduledThreadPoolExecutor thread;

    private LeaseKeeper(
            Registry registry, String hostId, String bootId, long ttlMs, LongSupplier clockNs, LeaseListener listener) {
        this.registry = registry;
        this.clockNs = clockNs;
        this.listener = listener;
        this.lease = leaseOf(hostId);
        this.ours = new Compare.HasValue(aliveKey(hostId), bootId);
        this.core = new LeaseKeeperCore(
                lease, aliveKey(hostId), bootId, ttlMs, () -> UUID.randomUUID().toString());
        thread = new ScheduledThreadPoolExecutor(1, r -> {
            Thread t = new Thread(r, "lease-keeper");
            t.setDaemon(true);
            return t;
        });
    }

    /** Id of a host's lease. */
    public static String leaseOf(String hostId) {
        return "host-" + hostId;
    }

    /** The key that is there while the host's lease lives; its value is the boot id. */
    public static String aliveKey(String hostId) {
        return "alive/" + hostId;
    }

    /**
     * Asks for the lease and renews it every quarter of {@code ttlMs} until closed.
     *
     * @param bootId unique to this process: a lease taken over by a later process is lost to this one
     * @param clockNs monotonic, best one that goes on while the machine sleeps
     */
    public static LeaseKeeper start(
            Registry registry, String hostId, String bootId, long ttlMs, LongSupplier clockNs, LeaseListener listener) {
        if (ttlMs < 100) {
            throw new IllegalArgumentException("a lease of " + ttlMs + " ms cannot be kept");
        }
        LeaseKeeper keeper = new LeaseKeeper(registry, hostId, bootId, ttlMs, clockNs, listener);
        var unused = keeper.thread.scheduleWithFixedDelay(keeper::tick, 0, ttlMs / 16, TimeUnit.MILLISECONDS);
        return keeper;
    }

    private void tick() {
        tell(() -> run(core.tick(clockNs.getAsLong())));
    }

    private void run(List<LeaseKeeperCore.Effect> effects) {
        for (LeaseKeeperCore.Effect effect : effects) {
            if (effect instanceof LeaseKeeperCore.Effect.Send send) {
                var unused = registry.commit(send.txn())
                        .whenComplete((result, error) -> onThread(() -> answered(send.attempt(), result, error)));
            } else if (effect instanceof LeaseKeeperCore.Effect.Confirmed confirmed) {
                tell(() -> listener.confirmedUntil(confirmed.untilNs()));
            } else if (effect instanceof LeaseKeeperCore.Effect.Lost) {
                LOG.warn("the cluster has ended the lease {}", lease);
                tell(listener::lost);
            }
        }
    }

    private void answered(long attempt, TxnResult result, Throwable error) {
        if (error != null) {
            LOG.warn("a renewal of {} is not confirmed: {}", lease, error.getMessage());
            core.failed(attempt);
        } else {
            run(core.answered(attempt, result.applied()));
        }
    }

    /** A failure in one call must not end the renewals. */
    private void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("keeping lease {}", lease, e);
        }
    }

    private void onThread(Runnable work) {
        try {
            thread.execute(work);
        } catch (RejectedExecutionException e) {
            LOG.debug("closed: an answer is dropped", e);
        }
    }

    /** Stops renewing and ends the lease at once: for a host that leaves in good order. */
    public CompletionStage<TxnResult> release(String reason) {
        close();
        return registry.commit(
                new Txn(UUID.randomUUID().toString(), List.of(ours), List.of(new Op.LeaseEnd(lease, reason))));
    }

    /** Stops renewing; the lease lives until its time is over. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
