package dev.stardust.chaos.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a lab machine that is switched off: what its kernel had not written to the disk is lost. It takes every core. */
@Tag("alone")
class StorePowerCutTest {
    private static final int ROUNDS = 2;
    private static final int MOST_ROUNDS_UNSYNCED = 4;

    @TempDir
    Path folder;

    private final long seed = System.nanoTime();

    @Test
    void whatWasAcknowledgedSurvivesPowerCuts() throws Exception {
        try (PowerCuts cuts = new PowerCuts("store", folder, new Random(seed))) {
            for (int round = 0; round < ROUNDS; round++) {
                assertEquals(List.of(), cuts.round(), "round " + round + " of seed " + seed);
            }
        }
    }

    @Test
    void aStoreThatForgetsToSyncItsSegmentsIsCaught() throws Exception {
        try (PowerCuts cuts = new PowerCuts("store-unsynced", folder, new Random(seed))) {
            boolean caught = false;
            for (int round = 0; round < MOST_ROUNDS_UNSYNCED && !caught; round++) {
                caught = !cuts.round().isEmpty();
            }
            assertTrue(caught, "seed " + seed);
        }
    }
}
