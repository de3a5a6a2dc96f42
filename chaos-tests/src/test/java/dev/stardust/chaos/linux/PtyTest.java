package dev.stardust.chaos.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PtyTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void aCommandAtATerminalIsTypedAtAndItsCodeIsKnown() throws Exception {
        try (Pty pty = Pty.start(
                List.of("sh", "-c", "test -t 0 && test -t 1 && echo \"it's $A\"; read x; echo got $x; exit 7"),
                Map.of("A", "one"))) {
            pty.expect("it's one", LIMIT);
            pty.send("typed\r");
            pty.expect("got typed", LIMIT);
            assertEquals(7, pty.await(LIMIT));
        }
    }

    @Test
    void controlCInterruptsAndWhatIsNotShownIsAnErrorWithWhatIs() throws Exception {
        try (Pty pty = Pty.start(List.of("sh", "-c", "echo up; exec sleep 1000"), Map.of())) {
            pty.expect("up", LIMIT);
            AssertionError missing =
                    assertThrows(AssertionError.class, () -> pty.expect("down", Duration.ofMillis(50)));
            assertTrue(missing.getMessage().contains("up"), missing.getMessage());
            pty.send("\3");
            assertEquals(130, pty.await(LIMIT));
        }
    }
}
