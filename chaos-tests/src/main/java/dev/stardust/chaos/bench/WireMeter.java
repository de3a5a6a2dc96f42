package dev.stardust.chaos.bench;

import java.util.function.LongSupplier;

/** Counts bytes on a wire, less those that pass it anyhow: the idle rate is taken just before. */
final class WireMeter {
    private final LongSupplier bytes;
    private final LongSupplier clockNs;
    private long idleBytes;
    private long idleNs;
    private long markBytes;
    private long markNs;

    /**
     * A meter.
     *
     * @param bytes the wire's counter
     * @param clockNs the time
     */
    WireMeter(LongSupplier bytes, LongSupplier clockNs) {
        this.bytes = bytes;
        this.clockNs = clockNs;
        mark();
    }

    private void mark() {
        markBytes = bytes.getAsLong();
        markNs = clockNs.getAsLong();
    }

    /** Ends the idle time that began with the meter, and begins the work's. */
    void begin() {
        idleBytes = bytes.getAsLong() - markBytes;
        idleNs = clockNs.getAsLong() - markNs;
        mark();
    }

    /** Bytes since {@link #begin}, less the idle rate over the same time; never below 0. */
    long workBytes() {
        long counted = bytes.getAsLong() - markBytes;
        double share = idleNs <= 0 ? 0 : (double) (clockNs.getAsLong() - markNs) / idleNs;
        return Math.max(0, counted - Math.round(idleBytes * share));
    }
}
