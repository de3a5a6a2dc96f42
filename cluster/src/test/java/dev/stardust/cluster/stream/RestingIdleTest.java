package dev.stardust.cluster.stream;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RestingIdleTest {
    private static final long REST_NS = TimeUnit.MILLISECONDS.toNanos(StreamIdle.REST_MS);

    private final RestingIdle idle = new RestingIdle(1);

    /** The shortest of some waits: a busy machine only lengthens them. */
    private long shortestNs() {
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            long start = System.nanoTime();
            idle.idle(0);
            shortest = Math.min(shortest, System.nanoTime() - start);
        }
        return shortest;
    }

    @Test
    void restsOnceThereWasNothingToDoForLongAndIsAwakeAgainAfterWork() {
        assertTrue(shortestNs() < REST_NS / 2);
        for (int i = 0; i < 1_000; i++) {
            idle.idle(0);
        }
        assertTrue(shortestNs() > REST_NS / 2);
        for (int i = 0; i < 10; i++) {
            idle.idle(1);
        }
        assertTrue(shortestNs() < REST_NS / 2);
    }
}
