package dev.stardust.migration.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.migration.core.Convergence.Step;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ConvergenceTest {
    /** Goal 20 ms, limit 100 ms, 6 rounds, 3 of them without progress. */
    private final Convergence convergence =
            new Convergence(new MigrationLimits(100, 200, 2_000, 1_500, 1_500, 100, 200, 50, 8_000, 6, 3, 20, 100));

    @Test
    void pausesWhenTheRestFitsTheGoalAtTheMeasuredBandwidth() {
        assertEquals(Step.FINAL, decide(10, 2_000).step());
        Convergence.Decision slower = decide(10, 2_001 + 50);
        assertEquals(Step.CONTINUE, slower.step());
        assertEquals(21, slower.estimateMs());
    }

    @Test
    void measuresNothingFromRoundsOfAFewPages() {
        List<RoundStats> rounds = new ArrayList<>(List.of(round(1, 1_000, 10_000, 900)));
        rounds.add(round(2, 3, 50_000, 900));
        assertEquals(9, convergence.decide(rounds).estimateMs());
    }

    @Test
    void stopsRoundsThatMakeNoProgressAndPausesWithinTheLimit() {
        assertEquals(Step.CONTINUE, decide(10, 8_000, 8_000, 8_000).step());
        Convergence.Decision stalled = decide(10, 8_000, 8_000, 7_900, 8_000);
        assertEquals(Step.FINAL, stalled.step());
        assertEquals("no progress in 3 rounds", stalled.reason());
    }

    @Test
    void goesOnWhileRoundsShrink() {
        assertEquals(
                Step.CONTINUE,
                decide(10, 50_000, 40_000, 30_000, 20_000, 10_000).step());
    }

    @Test
    void givesUpBeyondTheLimitAndSaysWhatToDo() {
        Convergence.Decision hopeless = decide(10, 90_000, 70_000, 50_000, 40_000, 30_000, 20_000);
        assertEquals(Step.GIVE_UP, hopeless.step());
        assertTrue(hopeless.reason().contains("round limit 6"), hopeless.reason());
        assertTrue(hopeless.reason().contains("raise --downtime-limit-ms"), hopeless.reason());
    }

    /** Rounds of 1,000 pages that take {@code microsPerPage} each and leave so many dirty ones. */
    private Convergence.Decision decide(long microsPerPage, long... dirtyAfter) {
        List<RoundStats> rounds = new ArrayList<>();
        for (long dirty : dirtyAfter) {
            rounds.add(round(rounds.size() + 1, 1_000, 1_000 * microsPerPage, dirty));
        }
        return convergence.decide(rounds);
    }

    private static RoundStats round(int number, long sent, long micros, long dirty) {
        return new RoundStats(number, sent, sent, 0, 0, 0, 0, 0, sent * 4096, micros, dirty);
    }
}
