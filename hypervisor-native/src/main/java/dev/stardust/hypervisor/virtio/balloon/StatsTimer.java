package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.libc.TimerFd;
import java.util.concurrent.TimeUnit;

/** Tells when the guest is to be asked for its figures again. Thread safe. */
final class StatsTimer implements AutoCloseable {
    private final TimerFd timer = new TimerFd();
    private long intervalNs;
    private long dueNs;
    private boolean closed;

    /** Readable when it is time. */
    int fd() {
        return timer.fd();
    }

    /** It is time each so many milliseconds from now on, never with 0. */
    synchronized void setInterval(int intervalMs) {
        intervalNs = TimeUnit.MILLISECONDS.toNanos(intervalMs);
        start();
    }

    /** Whether it is time; once each time. Allocates nothing. */
    synchronized boolean isDue() {
        boolean due = intervalNs > 0 && System.nanoTime() - dueNs >= 0;
        if (due) {
            start();
        }
        return due;
    }

    private void start() {
        if (intervalNs > 0 && !closed) {
            dueNs = System.nanoTime() + intervalNs;
            timer.set(intervalNs);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        timer.close();
    }
}
