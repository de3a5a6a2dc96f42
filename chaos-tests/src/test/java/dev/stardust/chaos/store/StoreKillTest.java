package dev.stardust.chaos.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreKillTest {
    private static final int ROUNDS = 8;

    @TempDir
    Path folder;

    @Test
    void whatWasAcknowledgedSurvivesKillsWithinImportsRemovalsAndCollections() throws Exception {
        long seed = System.nanoTime();
        KillRounds kills = new KillRounds(folder, new Random(seed));
        for (int round = 0; round < ROUNDS; round++) {
            assertEquals(List.of(), kills.round(), "round " + round + " of seed " + seed);
        }
        assertTrue(kills.ledger().writes() > ROUNDS, "writes: " + kills.ledger().writes());
        assertTrue(
                kills.ledger().collections() > ROUNDS,
                "collections: " + kills.ledger().collections());
    }
}
