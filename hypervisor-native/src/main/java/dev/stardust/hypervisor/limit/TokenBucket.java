package dev.stardust.hypervisor.limit;

/**
 * A token bucket, kept as the time at which what was taken will have been paid for: one number and no refilling. Who
 * takes more than a full bucket holds waits until it is full and pays afterwards, so that every request is served some
 * time and the rate holds in the long run. Not thread safe.
 */
final class TokenBucket {
    private static final long SECOND_NS = 1_000_000_000;

    /** Nobody waits longer for what they took, whatever they took. */
    private static final long MAX_COST_NS = Rate.DAY_SECONDS * SECOND_NS;

    private final Rate rate;
    private final long burstNs;
    private long oneTime;
    private long paidAtNs;

    /** A full bucket. */
    TokenBucket(Rate rate, long nowNs) {
        this.rate = rate;
        burstNs = rate.limits() ? costNs(rate.burst()) : 0;
        oneTime = rate.oneTimeBurst();
        paidAtNs = nowNs;
    }

    /** How long to wait before that many tokens can be taken; 0 if they can be taken now. */
    long waitNs(long nowNs, long tokens) {
        if (!rate.limits() || tokens <= oneTime) {
            return 0;
        }
        long costNs = Math.min(costNs(tokens - oneTime), burstNs);
        return Math.max(0, owedNs(nowNs) + costNs - burstNs);
    }

    /** Takes tokens, as many as {@link #waitNs} allowed. */
    void take(long nowNs, long tokens) {
        if (rate.limits()) {
            long free = Math.min(oneTime, tokens);
            oneTime -= free;
            paidAtNs = nowNs + owedNs(nowNs) + costNs(tokens - free);
        }
    }

    private long owedNs(long nowNs) {
        return Math.max(0, paidAtNs - nowNs);
    }

    /** How long that many tokens take to come, rounded up. */
    private long costNs(long tokens) {
        long perSecond = rate.perSecond();
        long seconds = tokens / perSecond;
        if (seconds >= Rate.DAY_SECONDS) {
            return MAX_COST_NS;
        }
        long restNs = (tokens % perSecond * SECOND_NS + perSecond - 1) / perSecond;
        return seconds * SECOND_NS + restNs;
    }
}
