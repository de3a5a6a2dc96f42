package dev.stardust.hypervisor.metrics;

import java.util.concurrent.atomic.AtomicLong;

/** A number that one thread at a time adds to and any thread reads. Allocates nothing. */
public final class Counter {
    private final AtomicLong value = new AtomicLong();

    /** Adds one. */
    public void increment() {
        add(1);
    }

    /** Adds; a plain write, since nobody else writes. */
    public void add(long amount) {
        value.setRelease(value.getPlain() + amount);
    }

    /** What was added so far. */
    public long get() {
        return value.get();
    }
}
