package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class VerdictTest {
    private static Verdict verdict(String name, boolean ok, String detail) {
        return new Verdict(name, ok, detail, List.of());
    }

    @Test
    void onlyAGuestThatKvmCouldNotGoOnWithIsAstray() {
        assertTrue(verdict("a", false, "reason=KVM_EXIT_SHUTDOWN (the guest took a triple fault)")
                .isAstray());
        assertTrue(verdict("a", false, "reason=KVM_EXIT_INTERNAL_ERROR (suberror 1)")
                .isAstray());
        assertFalse(
                verdict("a", true, "it ended by KVM_EXIT_SHUTDOWN as it should").isAstray());
        assertFalse(verdict("a", false, "the disk holds something else").isAstray());
    }

    @Test
    void theSecondVerdictStandsAndTellsOfTheFirst() {
        List<Verdict> first =
                List.of(verdict("a", true, "5 ms"), verdict("b", false, "lost"), verdict("c", false, "lost"));
        List<Verdict> second = List.of(verdict("b", true, "7 ms"), verdict("c", false, "lost again"));
        assertEquals(
                List.of(
                        verdict("a", true, "5 ms"),
                        verdict("b", true, "7 ms; ASTRAY in a first lab: lost"),
                        verdict("c", false, "lost again; ASTRAY in a first lab: lost")),
                Verdict.merge(first, second));
    }
}
