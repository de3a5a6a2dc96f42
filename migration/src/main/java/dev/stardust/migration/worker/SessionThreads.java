package dev.stardust.migration.worker;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Threads of a session, with small stacks. */
final class SessionThreads {
    private static final long STACK_BYTES = 512 << 10;
    private static final long IDLE_MS = 2_000;

    private SessionThreads() {}

    /** Up to {@code threads} of them, which exist while there is something to do. */
    static ThreadPoolExecutor pool(String name, int threads) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads,
                threads,
                IDLE_MS,
                TimeUnit.MILLISECONDS,
                new LinkedBlockingQueue<>(),
                task -> named(name, task));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    static Thread named(String name, Runnable task) {
        Thread thread = new Thread(null, task, name, STACK_BYTES);
        thread.setDaemon(true);
        return thread;
    }
}
