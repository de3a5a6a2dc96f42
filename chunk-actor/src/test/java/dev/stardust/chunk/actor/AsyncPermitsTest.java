package dev.stardust.chunk.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class AsyncPermitsTest {
    private final AsyncPermits permits = new AsyncPermits(2);
    private final List<CompletableFuture<String>> started = new ArrayList<>();

    private CompletableFuture<String> start() {
        return permits.run(() -> {
            CompletableFuture<String> task = new CompletableFuture<>();
            started.add(task);
            return task;
        });
    }

    @Test
    void noMoreThanSoManyRunAtOnceAndAllRunInTheEnd() {
        List<CompletableFuture<String>> results = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            results.add(start());
        }
        assertEquals(2, started.size());
        started.get(0).complete("done");
        assertEquals(3, started.size());
        started.get(1).completeExceptionally(new IllegalStateException("failed"));
        assertEquals(4, started.size());
        started.get(2).complete("done");
        started.get(3).complete("done");
        started.get(4).complete("done");
        assertEquals("done", results.get(4).join());
        assertTrue(results.get(1).isCompletedExceptionally());
        List<CompletableFuture<String>> more = List.of(start(), start(), start());
        assertEquals(7, started.size());
        assertTrue(more.stream().noneMatch(CompletableFuture::isDone));
    }

    @Test
    void aTaskThatCannotStartGivesItsTurnBack() {
        for (int i = 0; i < 5; i++) {
            CompletableFuture<String> failed = permits.run(() -> {
                throw new IllegalStateException("cannot start");
            });
            assertTrue(failed.isCompletedExceptionally());
        }
        assertEquals(false, start().isDone());
        assertEquals(1, started.size());
    }
}
