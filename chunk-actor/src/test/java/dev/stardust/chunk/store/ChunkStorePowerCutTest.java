package dev.stardust.chunk.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.testing.Disposal;
import dev.stardust.chunk.testing.PowerCutFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class ChunkStorePowerCutTest {
    private static byte[] data(int i) {
        byte[] bytes = new byte[1 + (i * 911) % 6000];
        new Random(i).nextBytes(bytes);
        return bytes;
    }

    @Property(tries = 100)
    void afterAPowerCutEverythingAcknowledgedIsThereAndNothingReadsWrong(
            @ForAll long seed, @ForAll @IntRange(min = 3, max = 80) int calls) throws IOException {
        Path before = Files.createTempDirectory("powercut");
        Path after = Files.createTempDirectory("powercut");
        Random random = new Random(seed);
        PowerCutFile[] disk = new PowerCutFile[1];
        int put = 0;
        int acknowledged = 0;
        ChunkStore store = ChunkStore.open(before, 1 << 20, new FileOpener() {
            @Override
            public NativeFile create(Path path) throws IOException {
                disk[0] = new PowerCutFile(path, calls);
                return disk[0];
            }

            @Override
            public NativeFile openWrite(Path path) throws IOException {
                return create(path);
            }
        });
        try {
            while (true) {
                store.put(ByteBuffer.wrap(data(put)));
                put++;
                if (random.nextInt(4) == 0) {
                    store.sync();
                    acknowledged = put;
                }
            }
        } catch (IOException powerIsOut) {
            disk[0].afterwards(SegmentFile.path(after, 0), random);
        }
        disk[0].close();
        try (ChunkStore reopened = ChunkStore.open(after)) {
            for (int i = 0; i < put; i++) {
                var got = reopened.get(Blake3.hash(data(i)));
                if (i < acknowledged || got.isPresent()) {
                    assertArrayEquals(data(i), got.orElseThrow(), "chunk " + i + " of " + acknowledged);
                }
            }
        } finally {
            Disposal.delete(before);
            Disposal.delete(after);
        }
    }
}
