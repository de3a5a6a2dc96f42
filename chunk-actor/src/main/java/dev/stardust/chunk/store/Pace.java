package dev.stardust.chunk.store;

import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;

/** Keeps work below a rate, by pauses. */
final class Pace {
    private final double bytesPerNs;
    private final long beganNs = System.nanoTime();
    private long bytes;

    /** @param bytesPerSecond 0 for no limit */
    Pace(long bytesPerSecond) {
        bytesPerNs = bytesPerSecond / (double) TimeUnit.SECONDS.toNanos(1);
    }

    /** So much was done since the last call. */
    void took(long more) throws InterruptedIOException {
        bytes += more;
        if (bytesPerNs > 0) {
            long aheadNs = (long) (bytes / bytesPerNs) - (System.nanoTime() - beganNs);
            if (aheadNs > 0) {
                pause(aheadNs);
            }
        }
    }

    private static void pause(long ns) throws InterruptedIOException {
        try {
            TimeUnit.NANOSECONDS.sleep(ns);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted; what was checked so far stays checked");
        }
    }
}
