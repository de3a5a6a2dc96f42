package dev.stardust.chaos.store;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BitFlipsTest {
    private static final int FLIPS = 60;

    @TempDir
    Path folder;

    @Test
    void noFlippedBitOfAStoreGoesUnnoticed() throws Exception {
        long seed = System.nanoTime();
        System.out.println("BitFlipsTest: seed " + seed);
        BitFlips flips = new BitFlips(folder, new Random(seed));
        Map<BitFlips.Outcome, Integer> outcomes = new EnumMap<>(BitFlips.Outcome.class);
        for (int i = 0; i < FLIPS; i++) {
            outcomes.merge(flips.flip(), 1, Integer::sum);
        }
        assertTrue(outcomes.getOrDefault(BitFlips.Outcome.TOLD, 0) > FLIPS / 2, outcomes.toString());
    }
}
