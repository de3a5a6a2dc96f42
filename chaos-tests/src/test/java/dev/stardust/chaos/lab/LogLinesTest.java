package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogLinesTest {
    @TempDir
    Path folder;

    private LogLines lines(long limitMs) {
        return new LogLines(folder.resolve("log"), System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMs));
    }

    @Test
    void aLogThatIsNotThereHasNoLines() {
        assertEquals(List.of(), lines(0).lines());
    }

    @Test
    void aLineCountsOnceItIsWhole() throws IOException {
        Files.writeString(folder.resolve("log"), "beat 1 at 5\r\nbeat 2");
        assertEquals(List.of("beat 1 at 5"), lines(0).lines());
        assertEquals("beat 1 at 5", lines(1_000).await("beat 1 "));
        assertThrows(CaseFailure.class, () -> lines(50).await("beat 2"));
    }
}
