package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ExternalTest {
    @Test
    void givesTheOutput() {
        assertEquals("out\nerr\n", External.run(30, List.of("sh", "-c", "echo out; echo err >&2")));
    }

    @Test
    void aFailureSaysWhatAndWhy() {
        ToolException e =
                assertThrows(ToolException.class, () -> External.run(30, List.of("sh", "-c", "echo why; exit 3")));
        assertTrue(e.getMessage().contains("exit code 3: why"), e.getMessage());
    }

    @Test
    void aProgramThatHangsIsEnded() {
        ToolException e = assertThrows(ToolException.class, () -> External.run(1, List.of("sleep", "600")));
        assertEquals(ToolException.TIMEOUT, e.exitCode());
    }

    @Test
    void aMissingProgramIsAPrerequisite() {
        assertFalse(External.present("no-such-program-here"));
        assertTrue(External.present("sh"));
        ToolException e = assertThrows(ToolException.class, () -> External.run(30, List.of("no-such-program-here")));
        assertEquals(ToolException.REFUSED, e.exitCode());
    }
}
