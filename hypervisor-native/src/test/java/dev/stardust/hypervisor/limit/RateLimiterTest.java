package dev.stardust.hypervisor.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class RateLimiterTest {
    private static final long SECOND_NS = 1_000_000_000L;

    private long nowNs = -5 * SECOND_NS;

    private RateLimiter limiter(Rate bytes, Rate operations) {
        return new RateLimiter(new RateLimit(bytes, operations), () -> nowNs);
    }

    @Test
    void withoutALimitNothingWaits() {
        RateLimiter limiter = new RateLimiter(RateLimit.NONE, () -> nowNs);
        for (int i = 0; i < 1000; i++) {
            assertEquals(0, limiter.take(Long.MAX_VALUE));
        }
    }

    @Test
    void burstIsThereAtOnceAndThenTheRateHolds() {
        RateLimiter limiter = limiter(new Rate(1000, 4000, 0), Rate.UNLIMITED);
        assertEquals(0, limiter.take(4000));
        assertEquals(SECOND_NS / 2, limiter.take(500));
        nowNs += SECOND_NS / 2 - 1;
        assertEquals(1, limiter.take(500));
        nowNs++;
        assertEquals(0, limiter.take(500));
        nowNs += 1000 * SECOND_NS;
        assertEquals(0, limiter.take(4000), "the bucket is full again");
        assertEquals(1_000_000, limiter.take(1), "and holds no more");
    }

    @Test
    void operationsAreLimitedToo() {
        RateLimiter limiter = limiter(Rate.UNLIMITED, new Rate(10, 2, 0));
        assertEquals(0, limiter.take(1 << 30));
        assertEquals(0, limiter.take(0));
        assertEquals(SECOND_NS / 10, limiter.take(0));
    }

    @Test
    void nothingIsTakenFromOneBucketWhenTheOtherIsEmpty() {
        RateLimiter limiter = limiter(new Rate(1000, 1000, 0), new Rate(1, 1, 0));
        assertEquals(0, limiter.take(0));
        assertEquals(SECOND_NS, limiter.take(1000));
        assertEquals(SECOND_NS, limiter.take(1000));
        nowNs += SECOND_NS;
        assertEquals(0, limiter.take(1000));
    }

    @Test
    void oneTimeBurstIsSpentFirstAndNeverComesAgain() {
        RateLimiter limiter = limiter(new Rate(100, 100, 250), Rate.UNLIMITED);
        assertEquals(0, limiter.take(200));
        assertEquals(0, limiter.take(150), "the last 50 of it and the bucket");
        assertEquals(SECOND_NS, limiter.take(100));
        nowNs += 100 * SECOND_NS;
        assertEquals(0, limiter.take(100));
        assertEquals(SECOND_NS, limiter.take(100));
    }

    @Test
    void whoTakesMoreThanTheBucketHoldsPaysAfterwards() {
        RateLimiter limiter = limiter(new Rate(100, 50, 0), Rate.UNLIMITED);
        assertEquals(0, limiter.take(1000));
        assertEquals(SECOND_NS * 10 - SECOND_NS / 2 + SECOND_NS / 100, limiter.take(1));
        assertEquals(SECOND_NS * 10, limiter.take(1000), "which needs a full bucket");
        nowNs += 10 * SECOND_NS;
        assertEquals(0, limiter.take(1000));
    }

    @Test
    void nobodyWaitsForMoreThanADay() {
        RateLimiter limiter = limiter(new Rate(1, 1, 0), Rate.UNLIMITED);
        assertEquals(0, limiter.take(Long.MAX_VALUE));
        nowNs += Rate.DAY_SECONDS * SECOND_NS;
        assertEquals(0, limiter.take(Long.MAX_VALUE));
    }

    @Test
    void anotherLimitIsInForceAtOnce() {
        RateLimiter limiter = limiter(new Rate(1, 1, 0), Rate.UNLIMITED);
        assertEquals(0, limiter.take(3600));
        assertTrue(limiter.take(1) > 3000 * SECOND_NS);
        limiter.set(new RateLimit(Rate.perSecond(10), Rate.UNLIMITED));
        assertEquals(0, limiter.take(10));
        assertEquals(SECOND_NS, limiter.take(10));
        limiter.set(RateLimit.NONE);
        assertEquals(0, limiter.take(10));
    }

    @Test
    void impossibleRatesAreRefusedWithWhatIsPossible() {
        assertThrows(IllegalArgumentException.class, () -> new Rate(-1, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Rate(Rate.MAX_PER_SECOND + 1, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Rate(1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Rate(1, 1, -1));
        Exception e = assertThrows(IllegalArgumentException.class, () -> new Rate(2, 172_801, 0));
        assertEquals("a burst of 172801 with 2 per second: give 1 to what comes in a day, 172800", e.getMessage());
    }

    /** Never more than burst and rate allow, but for the last request; and waiting as told is always enough. */
    @Property(tries = 500)
    void ratesHoldWhateverIsAskedFor(
            @ForAll long seed,
            @ForAll @LongRange(min = 100, max = Rate.MAX_PER_SECOND) long perSecond,
            @ForAll @IntRange(min = 1) int burst,
            @ForAll @IntRange(min = 0) int oneTime) {
        Random random = new Random(seed);
        Rate rate = new Rate(perSecond, Math.min(burst, perSecond * Rate.DAY_SECONDS), oneTime);
        nowNs = random.nextLong();
        RateLimiter limiter = limiter(rate, Rate.UNLIMITED);
        long startNs = nowNs;
        double taken = 0;
        int largest = 1 + random.nextInt(1 << 22);
        for (int i = 0; i < 200; i++) {
            int bytes = 1 + random.nextInt(largest); // what moves nothing never waits, whatever is owed
            long waitNs = limiter.take(bytes);
            if (waitNs > 0) {
                nowNs += waitNs;
                assertEquals(0, limiter.take(bytes), "after the wait that was told");
            }
            double allowed = rate.burst() + rate.oneTimeBurst() + (nowNs - startNs) * 1e-9 * perSecond;
            assertTrue(taken <= allowed + 1, taken + " of " + allowed);
            taken += bytes;
            nowNs += random.nextInt(3) == 0 ? random.nextInt(1 << 30) : 0;
        }
    }
}
