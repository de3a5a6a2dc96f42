package dev.stardust.cluster.stream;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

/**
 * How the ends of streams wait for each other. They nap soon instead of spinning: on a machine whose cores are all busy,
 * and guests see to that, every yield is a switch to somebody else and back.
 */
public final class StreamIdle {
    /** How long threads rest that have nothing to do for long, in ms. Where a switch of threads is dear, as on emulated CPUs, more. */
    static final long REST_MS = Long.getLong("stardust.rest.ms", 10);

    private static final long SPINS = 1;
    private static final long YIELDS = 1;
    private static final long SHORTEST_NAP_US = 20;

    private StreamIdle() {}

    /** For one waiting thread. */
    public static IdleStrategy napping(long longestNapMs) {
        return new BackoffIdleStrategy(
                SPINS,
                YIELDS,
                TimeUnit.MICROSECONDS.toNanos(SHORTEST_NAP_US),
                TimeUnit.MILLISECONDS.toNanos(longestNapMs));
    }
}
