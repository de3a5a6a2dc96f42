package dev.stardust.chunk.manifest;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Threads for one piece of work. When this is closed none of them runs any more. */
record Pool(ExecutorService threads) implements AutoCloseable {
    static Pool of(int count, String name) {
        return new Pool(Executors.newFixedThreadPool(count, task -> {
            Thread t = new Thread(task, name);
            t.setDaemon(true);
            return t;
        }));
    }

    /** Waits for what they were given, even if interrupted: it works on memory and files that are freed next. */
    @Override
    public void close() {
        threads.shutdown();
        boolean interrupted = false;
        while (true) {
            try {
                if (threads.awaitTermination(1, TimeUnit.HOURS)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
