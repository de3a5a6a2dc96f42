package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LabConsoleTest {
    private final LabConsole console = new LabConsole(List.of("one", "two"));

    private void lines(String... lines) {
        for (String line : lines) {
            console.add(line);
        }
    }

    @Test
    void aCaseHasTheLinesBetweenItsMarkers() {
        lines("boot", "case one begin", "| why", "case one FAILED 5 ms: because", "case two begin", "case two ok 7 ms");
        assertTrue(console.isComplete());
        assertEquals(
                List.of(
                        new Verdict("one", false, "5 ms: because", List.of("| why")),
                        new Verdict("two", true, "7 ms", List.of())),
                console.verdicts("unused"));
    }

    @Test
    void aCaseWithoutAnEndFailedAndShowsWhatCameAfterItsBegin() {
        lines("boot", "case one begin", "| a", "panic");
        assertFalse(console.isComplete());
        List<Verdict> verdicts = console.verdicts("killed");
        assertEquals(new Verdict("one", false, "it came to no end: killed", List.of("| a", "panic")), verdicts.get(0));
        assertEquals(
                new Verdict("two", false, "it did not begin: killed", List.of("boot", "| a", "panic")),
                verdicts.get(1));
    }

    @Test
    void theFirstVerdictStands() {
        lines("case one begin", "case one FAILED 1 ms: bad", "case one ok 2 ms");
        assertFalse(console.verdicts("").get(0).ok());
    }

    @Test
    void theLabIsUpWhenItsFirstProgramSaysSo() {
        lines("SeaBIOS", "Booting from ROM...", "| lab: up after 1 s");
        assertFalse(console.isUp());
        lines("\033c\033[?7l\033[2Jlab: up after 3.1 s\r");
        assertTrue(console.isUp());
        LabConsole garbled = new LabConsole(List.of("one"));
        garbled.add("lab\033c: up after 3.1 s");
        assertFalse(garbled.isUp());
        garbled.add("case one begin");
        assertTrue(garbled.isUp());
    }

    @Test
    void theLabsOwnHangIsSeen() {
        assertFalse(console.softLockup());
        lines("[   61.5] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [vcpu1-two:312]\r");
        assertTrue(console.softLockup());
    }
}
