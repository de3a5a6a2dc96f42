package dev.stardust.migration.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A failing seed is printed with its history; {@code new SimWorld(seed, null, Mutant.NONE, true).run()} replays it. */
final class MigrationSimulationTest {
    private static final long SEEDS = Long.getLong("simulation.seeds", 1_000);
    private static final int TRACE_LINES = 150;

    @Test
    void everyHistoryEndsWithOneOwnerAndAtMostOneGuestRuns() {
        TreeMap<String, Integer> seen = new TreeMap<>();
        for (long seed = 0; seed < SEEDS; seed++) {
            try {
                new SimWorld(seed, null, Mutant.NONE, false).run().forEach((k, v) -> seen.merge(k, v, Integer::sum));
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage() + "\n" + history(seed), e);
            }
        }
        System.out.println(SEEDS + " histories: " + seen);
        for (Effect.Outcome outcome :
                List.of(Effect.Outcome.MOVED, Effect.Outcome.ABORTED, Effect.Outcome.TAKEN_BACK, Effect.Outcome.LOST)) {
            assertTrue(seen.getOrDefault("finished " + outcome, 0) >= 20, "too few histories end " + outcome);
        }
        for (SimFaults.Victim victim : SimFaults.Victim.values()) {
            assertTrue(seen.getOrDefault("kill " + victim, 0) >= 200, "too few kills of a " + victim);
        }
    }

    @Test
    void withoutFaultsEveryMigrationMoves() {
        for (long seed = 0; seed < 50; seed++) {
            Map<String, Integer> seen = new SimWorld(seed, SimFaults.none(), Mutant.NONE, false).run();
            assertEquals(2, seen.getOrDefault("finished MOVED", 0), "seed " + seed + ": both sides say moved");
            assertEquals(1, seen.getOrDefault("end running", 0), "seed " + seed);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Mutant.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aBrokenRuleIsNoticed(Mutant mutant) {
        for (long seed = 0; seed < SEEDS; seed++) {
            try {
                new SimWorld(seed, null, mutant, false).run();
            } catch (AssertionError noticed) {
                System.out.println(mutant + " noticed by seed " + seed + ": " + noticed.getMessage());
                return;
            }
        }
        throw new AssertionError(mutant + " was not noticed in " + SEEDS + " histories");
    }

    private static String history(long seed) {
        SimWorld world = new SimWorld(seed, null, Mutant.NONE, true);
        try {
            world.run();
        } catch (AssertionError expected) {
            List<String> trace = world.trace();
            return String.join("\n", trace.subList(Math.max(0, trace.size() - TRACE_LINES), trace.size()));
        }
        return "(did not fail again)";
    }
}
