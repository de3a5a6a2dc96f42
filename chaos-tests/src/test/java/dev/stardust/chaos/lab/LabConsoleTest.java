package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
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
    void whatSaysThatTheLabLivesIsHeardAndNotShown() {
        lines("case one begin", LabConsole.ALIVE + "\r", "| why", "case one FAILED 5 ms: because");
        assertEquals(4, console.heard());
        assertEquals(
                new Verdict("one", false, "5 ms: because", List.of("| why")),
                console.verdicts("").get(0));
        assertFalse(console.isUnfinished("one"));
        assertTrue(console.isUnfinished("two"));
    }

    @Test
    void aLabHangsWhenItIsSilentForLong() {
        LabWatch watch = new LabWatch(console, false);
        lines("SeaBIOS");
        assertFalse(watch.isHopeless(Duration.ofSeconds(1)));
        assertFalse(watch.isHopeless(Duration.ofSeconds(90)));
        lines(LabConsole.ALIVE, "soft lockup");
        assertFalse(watch.isHopeless(Duration.ofSeconds(91)));
        assertFalse(watch.isHopeless(Duration.ofSeconds(181)));
        assertFalse(watch.hung());
        assertTrue(watch.isHopeless(Duration.ofSeconds(182)));
        assertTrue(watch.hung());
    }

    @Test
    void aLabThatSleepsIsWokenNowAndThen() {
        LabWatch watch = new LabWatch(console, false);
        lines("lab: up after 4 s");
        assertFalse(watch.isHopeless(Duration.ofSeconds(5)));
        assertEquals("", watch.wake(Duration.ofSeconds(25)));
        assertEquals("\n", watch.wake(Duration.ofSeconds(26)));
        assertEquals("", watch.wake(Duration.ofSeconds(30)));
        assertEquals("\n", watch.wake(Duration.ofSeconds(31)));
        lines("", "\r");
        assertFalse(watch.isHopeless(Duration.ofSeconds(32)));
        assertEquals("\n", watch.wake(Duration.ofSeconds(36)), "its echo is no word of the program");
        lines(LabConsole.ALIVE);
        assertFalse(watch.isHopeless(Duration.ofSeconds(37)));
        assertEquals("", watch.wake(Duration.ofSeconds(42)));
    }

    @Test
    void aLabWithSeveralCpusHangsWhenItsKernelSaysSo() {
        LabWatch watch = new LabWatch(console, true);
        lines("soft lockup");
        assertTrue(watch.isHopeless(Duration.ofSeconds(1)));
    }

    @Test
    void aLabThatHasDoneItsWorkDoesNotHang() {
        LabWatch watch = new LabWatch(console, true);
        lines("soft lockup", "case one ok 1 ms", "case two ok 1 ms");
        assertFalse(watch.isHopeless(Duration.ofSeconds(200)));
    }

    @Test
    void theLabsOwnHangIsSeen() {
        assertFalse(console.kernelFailed());
        lines("[   61.5] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [vcpu1-two:312]\r");
        assertTrue(console.kernelFailed());
    }

    @Test
    void aPanicOfTheLabIsSeenAndOneOfAGuestIsNotTakenForIt() {
        lines("| one: [    3.1] Kernel panic - not syncing: sysrq triggered crash");
        assertFalse(console.kernelFailed());
        lines("[  124.4] Kernel panic - not syncing: corrupted stack end detected inside scheduler");
        assertTrue(console.kernelFailed());
    }

    @Test
    void onlyAGuestThatKvmCouldNotGoOnWithIsAstray() {
        assertTrue(new Verdict("a", false, "reason=KVM_EXIT_SHUTDOWN (triple fault)", List.of()).isAstray());
        assertTrue(new Verdict("a", false, "reason=KVM_EXIT_INTERNAL_ERROR (suberror 1)", List.of()).isAstray());
        assertFalse(new Verdict("a", true, "ended by KVM_EXIT_SHUTDOWN as it should", List.of()).isAstray());
        assertFalse(new Verdict("a", false, "the disk holds something else", List.of()).isAstray());
    }

    @Test
    void aGuestThatRunsAndDoesNothingIsStuck() {
        String stuck = "120 ms: it does not end within the case's time, or for a minute nothing; the machine:"
                + " MachineStatus[phase=RUNNING, reason=]";
        assertTrue(new Verdict("a", false, stuck, List.of()).isStuck());
        assertFalse(new Verdict("a", true, stuck, List.of()).isStuck());
        assertFalse(new Verdict("a", false, stuck.replace("RUNNING", "FAILED"), List.of()).isStuck());
        assertFalse(new Verdict("a", false, "the disk holds something else", List.of()).isStuck());
    }
}
