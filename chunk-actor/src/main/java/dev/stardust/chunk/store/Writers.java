package dev.stardust.chunk.store;

import java.util.TreeMap;

/**
 * Who writes, by the epoch in which each began. A collection begins an epoch and waits for the writers of those before: they
 * may have found chunks that no root names yet. What later writers find or add is touched in the collection's own epoch.
 */
final class Writers {
    /** How many writers are there of each epoch. */
    private final TreeMap<Long, Integer> writing = new TreeMap<>();

    private long epoch;

    /** A writer begins; gives its epoch. */
    synchronized long begin() {
        writing.merge(epoch, 1, Integer::sum);
        return epoch;
    }

    /** A writer that began in that epoch has ended. */
    synchronized void end(long began) {
        writing.computeIfPresent(began, (e, n) -> n == 1 ? null : n - 1);
        notifyAll();
    }

    /** Begins an epoch. No writer begins while {@code meanwhile} runs. */
    synchronized void nextEpoch(Runnable meanwhile) {
        epoch++;
        meanwhile.run();
    }

    /** Waits until no writer of an earlier epoch is left. */
    synchronized void awaitEarlier() throws InterruptedException {
        while (!writing.isEmpty() && writing.firstKey() < epoch) {
            wait();
        }
    }
}
