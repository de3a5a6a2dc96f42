package dev.stardust.vm.worker;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one thread that keeps the state of {@link Workers}; what a step throws is logged, never swallowed. */
final class WorkersLoop extends ScheduledThreadPoolExecutor {
    private static final Logger log = LoggerFactory.getLogger(WorkersLoop.class);

    WorkersLoop() {
        super(1, task -> {
            Thread thread = new Thread(task, "workers");
            thread.setDaemon(true);
            return thread;
        });
        setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Runs a step after that time, unless the loop was shut down before. */
    void later(Duration delay, Runnable step) {
        unattended(CompletableFuture.runAsync(
                step, CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS, this)));
    }

    /** Nobody waits for that stage; its failure is logged. */
    static void unattended(CompletableFuture<?> stage) {
        var unused = stage.exceptionally(failure -> {
            log.warn("{}", failure.toString());
            return null;
        });
    }

    @Override
    protected void afterExecute(Runnable task, Throwable thrown) {
        super.afterExecute(task, thrown);
        if (task instanceof Future<?> step && step.isDone() && !step.isCancelled()) {
            try {
                step.get();
            } catch (ExecutionException e) {
                log.error("a step of the workers thread failed", e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
