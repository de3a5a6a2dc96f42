package dev.stardust.cluster.registry;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Waiting with deadlines that a noisy machine keeps. */
final class Eventually {
    static final long DEADLINE_S = 60;

    private Eventually() {}

    static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(DEADLINE_S, TimeUnit.SECONDS);
    }

    static void until(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        while (!condition.call()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("not within " + DEADLINE_S + " s: " + what);
            }
            Thread.sleep(20);
        }
    }
}
