package dev.stardust.chunk.store;

import java.io.IOException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets many threads share one fsync: whoever comes first syncs for all that wrote before it started, the others wait.
 * After a failed fsync the kernel may have dropped the data and would call the next one a success, so a failure is
 * final.
 */
final class GroupSync {
    /** Makes all writes so far durable and returns how many there were. */
    @FunctionalInterface
    interface Syncer {
        long sync() throws IOException;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition done = lock.newCondition();
    private final Syncer syncer;
    private boolean syncing;
    private long synced;
    private long syncs;
    private IOException failure;

    GroupSync(Syncer syncer) {
        this.syncer = syncer;
    }

    /** Returns when the first {@code target} writes are durable. */
    void upTo(long target) throws IOException {
        lock.lock();
        try {
            while (synced < target) {
                check();
                if (syncing) {
                    done.awaitUninterruptibly();
                } else {
                    syncNow();
                }
            }
            check();
        } finally {
            lock.unlock();
        }
    }

    /** Throws when a sync has failed before. */
    void check() throws IOException {
        lock.lock();
        try {
            if (failure != null) {
                throw new IOException(
                        "the chunk store could not sync its data (" + failure.getMessage()
                                + ") and takes no more: check the disk, then restart the node",
                        failure);
            }
        } finally {
            lock.unlock();
        }
    }

    void fail(IOException e) {
        lock.lock();
        try {
            failure = e;
            done.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How often the disk was synced. */
    long syncs() {
        lock.lock();
        try {
            return syncs;
        } finally {
            lock.unlock();
        }
    }

    private void syncNow() {
        syncing = true;
        lock.unlock();
        long reached = 0;
        IOException failed = null;
        try {
            reached = syncer.sync();
        } catch (IOException e) {
            failed = e;
        } finally {
            lock.lock();
            syncing = false;
            syncs++;
            synced = Math.max(synced, reached);
            if (failed != null) {
                failure = failed;
            }
            done.signalAll();
        }
    }
}
