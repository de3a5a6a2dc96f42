package dev.stardust.hypervisor.nbd;

import java.util.concurrent.TimeUnit;

/** Counts requests under way, and holds new ones when it is told to. Passing allocates nothing. */
final class RequestGate {
    private boolean held;
    private boolean closed;
    private int underWay;

    /** Waits while the gate is held; false when it is closed, and the request is not to be served. */
    synchronized boolean enter() {
        boolean interrupted = false;
        while (held && !closed) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!closed) {
            underWay++;
        }
        return !closed;
    }

    /** Ends what {@link #enter} began. */
    synchronized void exit() {
        underWay--;
        if (underWay == 0 && held) {
            notifyAll();
        }
    }

    /** Holds new requests; whether none is under way any more within that time. */
    synchronized boolean hold(long timeoutMs) {
        held = true;
        boolean interrupted = false;
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        long leftMs = timeoutMs;
        while (underWay > 0 && leftMs > 0) {
            try {
                wait(leftMs);
            } catch (InterruptedException e) {
                interrupted = true;
            }
            leftMs = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return underWay == 0;
    }

    /** Lets requests through again. */
    synchronized void release() {
        held = false;
        notifyAll();
    }

    /** Refuses all requests that are held or come. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
