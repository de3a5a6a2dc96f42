package dev.stardust.chunk.actor;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Lets so many asynchronous tasks run at once; the others wait their turn without a thread. */
final class AsyncPermits {
    private final Queue<CompletableFuture<Void>> queue = new ArrayDeque<>();
    private int free;

    AsyncPermits(int permits) {
        free = permits;
    }

    /** Starts the task when it is its turn; the next one's comes when the task's future completes. */
    <T> CompletableFuture<T> run(Supplier<CompletableFuture<T>> task) {
        return turn().thenCompose(mine -> {
            try {
                return task.get().whenComplete((done, failure) -> release());
            } catch (RuntimeException e) {
                release();
                throw e;
            }
        });
    }

    private synchronized CompletableFuture<Void> turn() {
        CompletableFuture<Void> turn = new CompletableFuture<>();
        if (free > 0) {
            free--;
            turn.complete(null);
        } else {
            queue.add(turn);
        }
        return turn;
    }

    private void release() {
        CompletableFuture<Void> next;
        synchronized (this) {
            next = queue.poll();
            if (next == null) {
                free++;
            }
        }
        if (next != null) {
            next.complete(null);
        }
    }
}
