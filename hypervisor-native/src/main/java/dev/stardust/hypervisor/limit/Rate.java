package dev.stardust.hypervisor.limit;

/**
 * How fast tokens, bytes or operations, may be taken: a bucket that holds {@code burst} tokens, is full at first, and is
 * filled again at a steady rate. The parameters are those of Firecracker's token buckets, whose size is the burst and
 * whose refill time is burst by rate.
 *
 * @param perSecond tokens that come in a second, 1 to {@value #MAX_PER_SECOND}; 0 for no limit
 * @param burst tokens that can be taken at once after a rest: at least 1, and at most what comes in a day
 * @param oneTimeBurst tokens that are there at first besides and never come again
 */
public record Rate(long perSecond, long burst, long oneTimeBurst) {
    /** Highest rate that can be asked for. */
    public static final long MAX_PER_SECOND = 8_000_000_000L;

    /** No limit at all. */
    public static final Rate UNLIMITED = new Rate(0, 0, 0);

    static final long DAY_SECONDS = 86_400;

    public Rate {
        if (perSecond < 0 || perSecond > MAX_PER_SECOND) {
            throw new IllegalArgumentException(
                    "a limit of " + perSecond + " per second: give 1 to " + MAX_PER_SECOND + ", or 0 for no limit");
        }
        if (perSecond > 0 && (burst < 1 || burst > perSecond * DAY_SECONDS)) {
            throw new IllegalArgumentException("a burst of " + burst + " with " + perSecond
                    + " per second: give 1 to what comes in a day, " + perSecond * DAY_SECONDS);
        }
        if (oneTimeBurst < 0) {
            throw new IllegalArgumentException("a one-time burst of " + oneTimeBurst + " is negative");
        }
    }

    /** That many a second, with a second's worth at once. */
    public static Rate perSecond(long perSecond) {
        return new Rate(perSecond, perSecond, 0);
    }

    boolean limits() {
        return perSecond > 0;
    }
}
