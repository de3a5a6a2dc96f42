package dev.stardust.chunk.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.chunk.StoredChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChunkStoreTest {
    @TempDir
    Path dir;

    private static byte[] data(long seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[1 + random.nextInt(65536)];
        random.nextBytes(bytes);
        if (seed % 2 == 0) {
            // The second half is text-like, so that some chunks are compressed and some are not.
            for (int i = bytes.length / 2; i < bytes.length; i++) {
                bytes[i] = (byte) ('a' + i % 7);
            }
        }
        return bytes;
    }

    @Test
    void whatWasPutIsReadBackAlsoAfterReopening() throws IOException {
        List<ChunkId> ids = new ArrayList<>();
        try (ChunkStore store = ChunkStore.open(dir)) {
            for (int i = 0; i < 100; i++) {
                ids.add(store.put(ByteBuffer.wrap(data(i))));
            }
            store.sync();
            check(store, ids);
        }
        try (ChunkStore store = ChunkStore.open(dir)) {
            check(store, ids);
            assertEquals(100, store.stats().chunks());
        }
    }

    private static void check(ChunkStore store, List<ChunkId> ids) throws IOException {
        for (int i = 0; i < ids.size(); i++) {
            assertArrayEquals(data(i), store.get(ids.get(i)).orElseThrow(), "chunk " + i);
        }
    }

    @Test
    void aChunkPutTwiceIsStoredOnce() throws IOException {
        try (ChunkStore store = ChunkStore.open(dir)) {
            ChunkId id = Blake3.hash(data(1));
            assertTrue(store.put(id, ByteBuffer.wrap(data(1))) > 0);
            assertEquals(0, store.put(id, ByteBuffer.wrap(data(1))));
            assertEquals(1, store.stats().chunks());
        }
    }

    @Test
    void anAbsentChunkIsMissing() throws IOException {
        try (ChunkStore store = ChunkStore.open(dir)) {
            ChunkId id = Blake3.hash(data(1));
            assertFalse(store.contains(id));
            assertTrue(store.get(id).isEmpty());
            assertThrows(ChunkMissingException.class, () -> store.fetch(id));
        }
    }

    @Test
    void theStoredFormMovesToAnotherStoreAndIsVerifiedThere() throws IOException {
        try (ChunkStore a = ChunkStore.open(dir.resolve("a"));
                ChunkStore b = ChunkStore.open(dir.resolve("b"))) {
            ChunkId id = a.put(ByteBuffer.wrap(data(2)));
            StoredChunk stored = a.getStored(id).orElseThrow();
            assertTrue(stored.compressed());
            assertTrue(b.put(stored) > 0);
            assertArrayEquals(data(2), b.fetch(id));

            ChunkId other = Blake3.hash(data(3));
            StoredChunk lie = new StoredChunk(other, stored.rawLength(), stored.compressed(), stored.bytes());
            assertThrows(CorruptChunkException.class, () -> b.put(lie));
            assertFalse(b.contains(other));
        }
    }

    @Test
    void manyThreadsPuttingTheSameChunksStoreEachOnceAndShareSyncs() throws Exception {
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (ChunkStore store = ChunkStore.open(dir)) {
            CyclicBarrier start = new CyclicBarrier(threads);
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                all.add(pool.submit(() -> {
                    start.await();
                    for (int i = 0; i < 20; i++) {
                        store.put(ByteBuffer.wrap(data(i)));
                        store.sync();
                    }
                    return null;
                }));
            }
            for (Future<?> f : all) {
                f.get();
            }
            assertEquals(20, store.stats().chunks());
            assertTrue(store.syncs() <= 20, store.syncs() + " syncs for 20 chunks");
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void segmentsRollAndNoneGrowsBeyondItsLimit() throws IOException {
        int limit = 1 << 20;
        List<ChunkId> ids = new ArrayList<>();
        try (ChunkStore store = ChunkStore.open(dir, limit, FileOpener.REAL)) {
            for (int i = 0; i < 100; i++) {
                ids.add(store.put(ByteBuffer.wrap(data(i))));
            }
            assertTrue(store.stats().segments() > 2);
        }
        for (int number : SegmentReader.list(dir)) {
            assertTrue(Files.size(SegmentFile.path(dir, number)) <= limit);
        }
        try (ChunkStore store = ChunkStore.open(dir, limit, FileOpener.REAL)) {
            check(store, ids);
        }
    }

    @Test
    void aSecondOwnerIsRefused() throws IOException {
        try (ChunkStore store = ChunkStore.open(dir)) {
            IOException e = assertThrows(IOException.class, () -> ChunkStore.open(dir));
            assertTrue(e.getMessage().contains("in use"), e.getMessage());
            assertEquals(0, store.stats().chunks());
        }
    }

    @Test
    void aReaderThatIsNotTheOwnerSeesWhatIsAppended() throws IOException {
        NativeBuffer out = new NativeBuffer(65536);
        try (ChunkStore store = ChunkStore.open(dir);
                SegmentReader reader = new SegmentReader(dir, store.uuid())) {
            for (int i = 0; i < 10; i++) {
                ChunkId id = store.put(ByteBuffer.wrap(data(i)));
                ChunkLocation at = store.locate(id).orElseThrow();
                reader.read(at.segment(), at.offset(), id, at.rawLength(), out.address());
                byte[] got = new byte[at.rawLength()];
                NativeBuffer.copy(out.address(), got, 0, got.length);
                assertArrayEquals(data(i), got);
            }
            ChunkId id = Blake3.hash(data(3));
            ChunkLocation at = store.locate(id).orElseThrow();
            for (int offset : new int[] {-8, 0, 3, at.offset() + 8, 1 << 30}) {
                assertThrows(
                        CorruptChunkException.class,
                        () -> reader.read(at.segment(), offset, id, at.rawLength(), out.address()));
            }
            assertThrows(
                    CorruptChunkException.class,
                    () -> reader.read(at.segment(), at.offset(), id, at.rawLength() - 1, out.address()));
            assertThrows(IOException.class, () -> reader.read(77, 64, id, at.rawLength(), out.address()));
        }
    }

    @Test
    void pinsAreCounted() throws IOException {
        try (ChunkStore store = ChunkStore.open(dir)) {
            ChunkId id = Blake3.hash(data(1));
            assertFalse(store.pin(id));
            store.put(id, ByteBuffer.wrap(data(1)));
            assertTrue(store.pin(id));
            store.unpin(id);
            assertTrue(store.pinned(id));
            store.unpin(id);
            assertFalse(store.pinned(id));
        }
    }

    @Test
    void aClosedStoreSaysSo() throws IOException {
        ChunkStore store = ChunkStore.open(dir);
        store.close();
        store.close();
        IOException e = assertThrows(IOException.class, () -> store.put(ByteBuffer.wrap(data(1))));
        assertTrue(e.getMessage().contains("closed"));
    }
}
