package dev.stardust.cluster.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class CausesTest {
    private final IOException disk = new IOException("the disk is full");

    @Test
    void whatStagesAndFuturesWrappedIsUnwrapped() {
        assertSame(disk, Causes.of(disk));
        assertSame(disk, Causes.of(new CompletionException(new ExecutionException(disk))));
    }

    @Test
    void otherWrappersAreLeftAlone() {
        RuntimeException outer = new IllegalStateException("outer", disk);
        assertSame(outer, Causes.of(outer));
    }

    @Test
    void aWrapperWithoutACauseIsTheCause() {
        CompletionException empty = new CompletionException("empty", null);
        assertSame(empty, Causes.of(empty));
    }

    @Test
    void aTextIsTheMessageOrElseTheName() {
        assertEquals("the disk is full", Causes.text(new CompletionException(disk)));
        assertEquals("java.io.IOException", Causes.text(new IOException()));
        assertEquals("no answer in time", Causes.text(new CompletionException(new TimeoutException())));
    }
}
