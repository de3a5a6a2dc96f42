package dev.stardust.chunk.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CollectionTest {
    private static final int SEGMENT_BYTES = 1 << 20;

    @TempDir
    Path dir;

    private static byte[] data(int seed) {
        byte[] bytes = new byte[9_000 + seed % 1000];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private ChunkStore open() throws IOException {
        return ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL);
    }

    private static List<ChunkId> fill(ChunkStore store, int from, int to) throws IOException {
        List<ChunkId> ids = new ArrayList<>();
        for (int i = from; i < to; i++) {
            ids.add(store.put(ByteBuffer.wrap(data(i))));
        }
        store.sync();
        return ids;
    }

    private static ChunkStore.Roots roots(List<ChunkId> ids) {
        return needed -> ids.forEach(needed);
    }

    private long bytesOfSegments() throws IOException {
        long sum = 0;
        for (int number : SegmentReader.list(dir)) {
            sum += Files.size(SegmentFile.path(dir, number));
        }
        return sum;
    }

    private static List<ChunkId> everyThird(List<ChunkId> ids) {
        return IntStream.range(0, ids.size())
                .filter(i -> i % 3 == 0)
                .mapToObj(ids::get)
                .toList();
    }

    @Test
    void whatNoRootNeedsGoesAndTheRestStaysAlsoAfterReopening() throws IOException {
        List<ChunkId> ids;
        List<ChunkId> kept;
        try (ChunkStore store = open()) {
            ids = fill(store, 0, 500);
            kept = everyThird(ids);
            long before = bytesOfSegments();
            SweepReport would = store.collect(roots(kept), segment -> false, true);
            assertEquals(before, bytesOfSegments());
            SweepReport report = store.collect(roots(kept), segment -> false, false);
            assertEquals(would.deadBytes(), report.deadBytes());
            assertEquals(would.liveBytes(), report.liveBytes());
            assertTrue(
                    Math.abs(would.freedBytes() - report.freedBytes()) <= 64L * report.removedSegments(),
                    would + " " + report);
            assertTrue(bytesOfSegments() < before * 0.36, before + " -> " + bytesOfSegments());
            assertEquals(kept.size(), store.stats().chunks());
            check(store, ids, kept);
        }
        try (ChunkStore store = open()) {
            check(store, ids, kept);
            assertEquals(kept.size(), store.stats().chunks());
            assertEquals(0, store.collect(roots(kept), segment -> false, false).freedBytes());
        }
    }

    private static void check(ChunkStore store, List<ChunkId> ids, List<ChunkId> kept) throws IOException {
        for (int i = 0; i < ids.size(); i++) {
            ChunkId id = ids.get(i);
            assertEquals(kept.contains(id), store.contains(id), "chunk " + i);
            if (kept.contains(id)) {
                assertArrayEquals(data(i), store.fetch(id));
            }
        }
    }

    @Test
    void pinnedChunksStay() throws IOException {
        try (ChunkStore store = open()) {
            List<ChunkId> ids = fill(store, 0, 300);
            store.pin(ids.get(7));
            store.collect(roots(List.of()), segment -> false, false);
            check(store, ids, List.of(ids.get(7)));
            store.unpin(ids.get(7));
            store.collect(roots(List.of()), segment -> false, false);
            check(store, ids, List.of());
            assertEquals(0, store.stats().chunks());
        }
    }

    @Test
    void aSegmentThatIsHeldStaysWhereItIs() throws IOException {
        try (ChunkStore store = open()) {
            List<ChunkId> ids = fill(store, 0, 500);
            List<ChunkId> kept = everyThird(ids);
            ChunkLocation at = store.locate(kept.get(0)).orElseThrow();
            store.collect(roots(kept), segment -> segment == at.segment(), false);
            assertEquals(at, store.locate(kept.get(0)).orElseThrow());
            assertTrue(Files.exists(SegmentFile.path(dir, at.segment())));
            for (int i = 0; i < ids.size(); i += 3) {
                assertArrayEquals(data(i), store.fetch(ids.get(i)));
            }
        }
    }

    @Test
    void aDeadChunkThatIsPutAgainWhileItIsCollectedLives() throws IOException {
        try (ChunkStore store = open()) {
            List<ChunkId> ids = fill(store, 0, 300);
            ChunkId again = ids.get(100);
            store.collect(needed -> assertEquals(0, put(store, 100)), segment -> false, false);
            assertArrayEquals(data(100), store.fetch(again));
            assertEquals(1, store.stats().chunks());
            assertTrue(put(store, 101) > 0);
        }
    }

    private static int put(ChunkStore store, int seed) throws IOException {
        return store.put(Blake3.hash(data(seed)), ByteBuffer.wrap(data(seed)));
    }

    @Test
    void aCollectionWaitsForWritersThatWereThereBefore() throws Exception {
        try (ChunkStore store = open()) {
            List<ChunkId> ids = fill(store, 0, 300);
            List<ChunkId> roots = new ArrayList<>();
            WriterLease lease = store.lease();
            assertEquals(0, lease.put(ids.get(5), ByteBuffer.wrap(data(5))));
            CountDownLatch listed = new CountDownLatch(1);
            CompletableFuture<SweepReport> collection = CompletableFuture.supplyAsync(() -> {
                try {
                    return store.collect(
                            needed -> {
                                listed.countDown();
                                roots.forEach(needed);
                            },
                            segment -> false,
                            false);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertFalse(listed.await(200, TimeUnit.MILLISECONDS));
            try (WriterLease later = store.lease()) {
                later.put(ids.get(6), ByteBuffer.wrap(data(6)));
                roots.add(ids.get(5));
                lease.close();
                collection.get(30, TimeUnit.SECONDS);
            }
            check(store, ids, List.of(ids.get(5), ids.get(6)));
        }
    }

    @Test
    void aRootThatCannotBeReadStopsTheCollectionAndNothingGoes() throws IOException {
        try (ChunkStore store = open()) {
            List<ChunkId> ids = fill(store, 0, 300);
            ChunkId gone = Blake3.hash(new byte[] {1});
            assertThrows(
                    ChunkMissingException.class,
                    () -> store.collect(needed -> store.fetch(gone), segment -> false, false));
            check(store, ids, ids);
            store.collect(roots(ids), segment -> false, false);
            check(store, ids, ids);
        }
    }

    @Test
    void readersAndWritersGoOnWhileCollectionsRun() throws Exception {
        try (ChunkStore store = open()) {
            List<ChunkId> kept = fill(store, 0, 200);
            AtomicBoolean stop = new AtomicBoolean();
            CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> {
                Random random = new Random(1);
                while (!stop.get()) {
                    int i = random.nextInt(kept.size());
                    try {
                        assertArrayEquals(data(i), store.fetch(kept.get(i)));
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                Random random = new Random(2);
                while (!stop.get()) {
                    try (WriterLease lease = store.lease()) {
                        int first = 1000 + random.nextInt(500);
                        for (int i = first; i < first + 50; i++) {
                            lease.put(Blake3.hash(data(i)), ByteBuffer.wrap(data(i)));
                        }
                        lease.sync();
                        for (int i = first; i < first + 50; i++) {
                            assertArrayEquals(data(i), store.fetch(Blake3.hash(data(i))));
                        }
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
            for (int i = 0; i < 20; i++) {
                store.collect(roots(kept), segment -> false, false);
            }
            stop.set(true);
            reader.get(30, TimeUnit.SECONDS);
            writer.get(30, TimeUnit.SECONDS);
            store.collect(roots(kept), segment -> false, false);
            check(store, kept, kept);
            // Segments of which little is dead stay as they are.
            SweepReport left = store.collect(roots(kept), segment -> false, true);
            assertEquals(0, left.freedBytes(), left.toString());
            assertTrue(left.deadBytes() * 3 <= left.liveBytes(), left.toString());
        }
    }
}
