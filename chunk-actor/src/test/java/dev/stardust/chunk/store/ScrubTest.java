package dev.stardust.chunk.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.testing.Disposal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScrubTest {
    private static final int SEGMENT_BYTES = 1 << 20;

    @TempDir
    Path dir;

    /** Every second compresses. */
    private static byte[] data(int seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[1 + random.nextInt(40_000)];
        if (seed % 2 == 0) {
            random.nextBytes(bytes);
        } else {
            java.util.Arrays.fill(bytes, (byte) seed);
        }
        return bytes;
    }

    private static ChunkStore open(Path folder) throws IOException {
        return ChunkStore.open(folder, SEGMENT_BYTES, FileOpener.REAL);
    }

    private static List<ChunkId> fill(ChunkStore store, int count) throws IOException {
        List<ChunkId> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(store.put(ByteBuffer.wrap(data(i))));
        }
        store.sync();
        return ids;
    }

    private static ScrubReport scrub(ChunkStore store) throws IOException {
        return store.scrub(0, 0, segment -> {});
    }

    private static void flipBit(Path file, long at, int bit) throws IOException {
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            c.read(one, at);
            one.put(0, (byte) (one.get(0) ^ (1 << bit)));
            c.write(one.rewind(), at);
        }
    }

    @Test
    void aSoundStoreIsReadInWhole() throws IOException {
        try (ChunkStore store = open(dir)) {
            fill(store, 200);
            ScrubReport report = scrub(store);
            assertEquals(200, report.records());
            assertEquals(store.stats().rawBytes(), report.rawBytes());
            assertTrue(report.diskBytes() >= store.stats().storedBytes());
            assertEquals(List.of(), report.damages());
        }
    }

    @Property(tries = 60)
    void everyFlippedBitOfARecordIsFound(@ForAll long seed) throws IOException {
        Path folder = Files.createTempDirectory("scrub");
        try (ChunkStore store = open(folder)) {
            fill(store, 60);
            Random random = new Random(seed);
            List<Integer> segments = SegmentReader.list(folder);
            Path file = SegmentFile.path(folder, segments.get(random.nextInt(segments.size())));
            long at = SegmentFormat.HEADER_BYTES
                    + (long) (random.nextDouble() * (Files.size(file) - SegmentFormat.HEADER_BYTES));
            flipBit(file, at, random.nextInt(8));
            List<Damage> damages = scrub(store).damages();
            assertEquals(1, damages.size(), "a flipped bit at " + at + " of " + file);
            assertTrue(damages.get(0).offset() <= at);
            assertEquals(List.of(), scrub(store).damages(), "what is in quarantine is not looked at again");
        } finally {
            Disposal.delete(folder);
        }
    }

    @Test
    void aDamagedChunkIsAbsentUntilItIsPutAgain() throws IOException {
        List<ChunkId> ids;
        try (ChunkStore store = open(dir)) {
            ids = fill(store, 5);
            ChunkLocation at = store.locate(ids.get(2)).orElseThrow();
            flipBit(
                    SegmentFile.path(dir, at.segment()),
                    at.offset() + SegmentFormat.RECORD_HEADER_BYTES + at.storedLength() - 1L,
                    0);
            assertTrue(store.contains(ids.get(2)), "nobody has looked yet");
            assertEquals("its checksum is wrong", scrub(store).damages().get(0).reason());
            assertFalse(store.contains(ids.get(2)));
        }
        try (ChunkStore store = open(dir)) {
            assertFalse(store.contains(ids.get(2)), "also when it is opened again");
            assertTrue(store.put(ids.get(2), ByteBuffer.wrap(data(2))) > 0);
            assertArrayEquals(data(2), store.fetch(ids.get(2)));
            assertEquals(List.of(), scrub(store).damages());
        }
        try (ChunkStore store = open(dir)) {
            assertArrayEquals(data(2), store.fetch(ids.get(2)));
        }
    }

    @Test
    void theCollectionOfItsSegmentEndsTheQuarantine() throws IOException {
        try (ChunkStore store = open(dir)) {
            List<ChunkId> ids = fill(store, 200);
            ChunkLocation at = store.locate(ids.get(3)).orElseThrow();
            flipBit(SegmentFile.path(dir, at.segment()), at.offset(), 3);
            assertEquals(1, scrub(store).damages().size());
            store.collect(needed -> needed.accept(ids.get(199)), segment -> false, false);
        }
        assertEquals(0, new Quarantine(dir).size());
        try (ChunkStore store = open(dir)) {
            assertEquals(1, store.stats().chunks());
        }
    }

    @Test
    void aScrubThatIsStoppedGoesOnWhereItWas() throws IOException {
        try (ChunkStore store = open(dir)) {
            fill(store, 600);
            List<Integer> segments = SegmentReader.list(dir);
            assertTrue(segments.size() > 3);
            assertThrows(
                    IOException.class,
                    () -> store.scrub(0, 0, segment -> {
                        if (segment == 1) {
                            throw new IOException("stopped");
                        }
                    }));
            List<Integer> checked = new ArrayList<>();
            store.scrub(2, 0, checked::add);
            assertEquals(segments.subList(2, segments.size()), checked);
        }
    }

    @Test
    void itGoesOnBesideCollections() throws Exception {
        try (ChunkStore store = open(dir)) {
            List<ChunkId> ids = fill(store, 400);
            Thread collector = new Thread(() -> {
                try {
                    for (int i = 0; i < 10; i++) {
                        int round = i;
                        store.collect(needed -> ids.subList(0, 400 - 30 * round).forEach(needed), s -> false, false);
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            collector.start();
            do {
                assertEquals(List.of(), scrub(store).damages());
            } while (collector.isAlive());
            collector.join();
            assertArrayEquals(data(7), store.fetch(ids.get(7)));
        }
    }

    @Test
    void aDamagedQuarantineIsToldAndNotIgnored() throws IOException {
        Quarantine quarantine = new Quarantine(dir);
        quarantine.add(3, 64);
        quarantine.add(4, 128);
        quarantine.forget(4);
        Path file = dir.resolve("quarantine.json");
        String text = Files.readString(file);
        assertTrue(text.startsWith("stardust-quarantine 1 crc32c="), text);
        assertTrue(text.endsWith("\n{\"records\":[{\"segment\":3,\"offset\":64}]}"), text);
        flipBit(file, 60, 1);
        assertThrows(IOException.class, () -> open(dir));
    }
}
