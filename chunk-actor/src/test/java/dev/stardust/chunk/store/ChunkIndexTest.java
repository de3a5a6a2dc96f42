package dev.stardust.chunk.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.ChunkId;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChunkIndexTest {
    @Test
    void everyChunkIsFoundAndCostsAtMost40Bytes() {
        ChunkIndex index = new ChunkIndex();
        int n = 100_000;
        Random random = new Random(1);
        for (int i = 0; i < n; i++) {
            index.add(random.nextLong(), ChunkIndex.place(i % 500, 64 + 8 * i));
            if (i >= 20_000) {
                assertTrue(index.bytes() <= 40L * (i + 1), index.bytes() + " bytes for " + (i + 1));
            }
        }
        random = new Random(1);
        for (int i = 0; i < n; i++) {
            long place = index.find(new ChunkId(5, random.nextLong(), 6, 7), 0);
            assertEquals(i % 500, ChunkIndex.segment(place));
            assertEquals(64 + 8 * i, ChunkIndex.offset(place));
        }
        assertEquals(0, index.find(new ChunkId(0, random.nextLong(), 0, 0), 0));
    }

    @Test
    void chunksWithTheSameFingerprintAreAllCandidates() {
        ChunkIndex index = new ChunkIndex();
        ChunkId id = new ChunkId(1, 2, 3, 4);
        for (int i = 0; i < 3; i++) {
            index.add(ChunkIndex.fingerprint(id), ChunkIndex.place(i, 64));
        }
        for (int i = 0; i < 3; i++) {
            assertEquals(ChunkIndex.place(i, 64), index.find(id, i));
        }
        assertEquals(0, index.find(id, 3));
    }
}
