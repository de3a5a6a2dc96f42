package dev.stardust.chunk.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.testing.Child;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChunkStoreKillTest {
    @TempDir
    Path dir;

    static byte[] data(int i) {
        byte[] bytes = new byte[1 + (i * 7919) % 60_000];
        new Random(i).nextBytes(bytes);
        return bytes;
    }

    /** Puts chunks from number {@code args[1]} on for ever and says which are durable. */
    static final class Putter {
        private Putter() {}

        public static void main(String[] args) throws IOException {
            try (ChunkStore store = ChunkStore.open(Path.of(args[0]), 2 << 20, FileOpener.REAL)) {
                for (int i = Integer.parseInt(args[1]); ; i++) {
                    store.put(ByteBuffer.wrap(data(i)));
                    if (i % 3 == 0) {
                        store.sync();
                        System.out.println(i);
                    }
                }
            }
        }
    }

    @Test
    void whatWasAcknowledgedSurvivesKill9AtAnyMoment() throws Exception {
        Random random = new Random(System.nanoTime());
        int next = 0;
        for (int round = 0; round < 4; round++) {
            int enough = next + 30 + random.nextInt(200);
            int acknowledged = Child.runUntilKilled(Putter.class, enough, dir.toString(), Integer.toString(next));
            assertTrue(acknowledged >= enough);
            next = acknowledged + 1;
            try (ChunkStore store = ChunkStore.open(dir, 2 << 20, FileOpener.REAL)) {
                for (int i = 0; i <= acknowledged; i++) {
                    assertArrayEquals(data(i), store.fetch(Blake3.hash(data(i))), "chunk " + i + " of round " + round);
                }
                assertEquals(0, store.stats().damagedBytes());
            }
        }
    }
}
