package dev.stardust.chunk.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.BitSet;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DataRunsTest {
    private static final int BLOCK_BYTES = 4096;

    /** A file whose blocks, of any size, are data or holes. */
    private record Sparse(BitSet data, int blockBytes, long sizeBytes) {
        DataRuns runs() {
            return new DataRuns(this::nextData, this::nextHole, sizeBytes);
        }

        long nextData(long from) {
            int block = (int) (from / blockBytes);
            int found = data.nextSetBit(block);
            return found < 0 ? sizeBytes : Math.min(sizeBytes, Math.max(from, (long) found * blockBytes));
        }

        long nextHole(long from) {
            long found = (long) data.nextClearBit((int) (from / blockBytes)) * blockBytes;
            return Math.min(sizeBytes, Math.max(from, found));
        }
    }

    @Property(tries = 2_000)
    void runsAreWholeBlocksInOrderThatHoldAllData(
            @ForAll long seed, @ForAll @IntRange(max = 4) int shift, @ForAll @IntRange(min = 1, max = 200) int sectors)
            throws IOException {
        int blockBytes = 512 << shift;
        long size = sectors * 512L;
        Random random = new Random(seed);
        BitSet data = new BitSet();
        for (int i = 0; (long) i * blockBytes < size; i++) {
            data.set(i, random.nextInt(4) == 0);
        }
        DataRuns runs = new Sparse(data, blockBytes, size).runs();
        BitSet covered = new BitSet();
        long last = 0;
        while (runs.next()) {
            assertTrue(runs.begin() >= last && runs.end() > runs.begin() && runs.end() <= size);
            assertEquals(0, runs.begin() % BLOCK_BYTES);
            assertTrue(runs.end() % BLOCK_BYTES == 0 || runs.end() == size);
            last = runs.end();
            covered.set((int) (runs.begin() / 512), (int) (runs.end() / 512));
        }
        for (int i = 0; i < sectors; i++) {
            assertTrue(covered.get(i) || !data.get(i * 512 / blockBytes), "sector " + i + " is left out");
        }
    }

    @Test
    void dataInTheMiddleOfABlockIsFoundWhereBlocksOfTheFileSystemAreSmaller() throws IOException {
        BitSet data = new BitSet();
        data.set(2);
        DataRuns runs = new Sparse(data, 1024, 16_384).runs();
        assertTrue(runs.next());
        assertEquals(0, runs.begin());
        assertEquals(BLOCK_BYTES, runs.end());
        assertFalse(runs.next());
    }
}
