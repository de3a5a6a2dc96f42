package dev.stardust.hypervisor.virtio;

import java.util.concurrent.atomic.AtomicInteger;

/** A register of bits that vCPU threads and the queue worker change at once, without a lock. */
final class AtomicBits {
    private final AtomicInteger bits = new AtomicInteger();

    int get() {
        return bits.get();
    }

    boolean has(int mask) {
        return (bits.get() & mask) != 0;
    }

    void replace(int value) {
        bits.set(value);
    }

    /** Sets bits; tells whether any of them was not set before. */
    boolean set(int mask) {
        int old;
        do {
            old = bits.get();
        } while (!bits.compareAndSet(old, old | mask));
        return (mask & ~old) != 0;
    }

    void clear(int mask) {
        int old;
        do {
            old = bits.get();
        } while (!bits.compareAndSet(old, old & ~mask));
    }
}
