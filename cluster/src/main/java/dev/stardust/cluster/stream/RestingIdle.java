package dev.stardust.cluster.stream;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.IdleStrategy;

/**
 * For a thread that serves as long as its process lives: when there was hardly any work for a while it rests longer, so that
 * a node that has nothing to do costs little. The first work after that waits for up to {@link StreamIdle#REST_MS}.
 */
final class RestingIdle implements IdleStrategy {
    /** So many naps, some seconds, until it rests. */
    private static final int NAPS = 1_000;

    /** Naps that a piece of work takes back. The driver's own timers are work too, now and then. */
    private static final int NAPS_OF_WORK = 20;

    private final IdleStrategy napping;
    private int naps;

    /**
     * Waits.
     *
     * @param longestNapMs while work is to be expected
     */
    RestingIdle(long longestNapMs) {
        napping = StreamIdle.napping(longestNapMs);
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        if (naps < NAPS) {
            naps++;
            napping.idle();
        } else {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(StreamIdle.REST_MS));
        }
    }

    @Override
    public void reset() {
        naps = Math.max(0, naps - NAPS_OF_WORK);
        napping.reset();
    }
}
