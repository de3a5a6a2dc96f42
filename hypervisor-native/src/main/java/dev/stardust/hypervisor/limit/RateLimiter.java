package dev.stardust.hypervisor.limit;

import java.util.function.LongSupplier;

/**
 * Limits the bytes and the operations of a device. It keeps no thread and no timer: who gets no tokens is told how long
 * to wait, sets a timer and asks again. Thread safe; allocates nothing but when it is given another limit.
 */
public final class RateLimiter {
    private final LongSupplier clockNs;
    private TokenBucket bytes;
    private TokenBucket operations;

    /** Whether there is nothing to ask the clock for. */
    private boolean unlimited;

    /**
     * Makes one whose buckets are full.
     *
     * @param clockNs a clock that never goes back, such as {@code System::nanoTime}
     */
    public RateLimiter(RateLimit limit, LongSupplier clockNs) {
        this.clockNs = clockNs;
        set(limit);
    }

    /** Puts another limit into force, with full buckets; who waits under the old one should ask again. */
    public synchronized void set(RateLimit limit) {
        long nowNs = clockNs.getAsLong();
        bytes = new TokenBucket(limit.bytes(), nowNs);
        operations = new TokenBucket(limit.operations(), nowNs);
        unlimited = !limit.bytes().limits() && !limit.operations().limits();
    }

    /**
     * Takes the tokens of one operation.
     *
     * @param operationBytes bytes that it moves, 0 or more
     * @return 0 if they were taken; otherwise none was, and it is worth asking again after that many nanoseconds
     */
    public synchronized long take(long operationBytes) {
        if (unlimited) {
            return 0;
        }
        long nowNs = clockNs.getAsLong();
        long waitNs = Math.max(bytes.waitNs(nowNs, operationBytes), operations.waitNs(nowNs, 1));
        if (waitNs == 0) {
            bytes.take(nowNs, operationBytes);
            operations.take(nowNs, 1);
        }
        return waitNs;
    }
}
