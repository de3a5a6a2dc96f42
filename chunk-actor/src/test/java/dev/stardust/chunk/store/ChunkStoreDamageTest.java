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
import dev.stardust.chunk.testing.Disposal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChunkStoreDamageTest {
    @TempDir
    Path dir;

    private static byte[] data(int seed) {
        byte[] bytes = new byte[1000 + seed];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static List<ChunkId> fill(Path dir, int n) throws IOException {
        List<ChunkId> ids = new ArrayList<>();
        try (ChunkStore store = ChunkStore.open(dir)) {
            for (int i = 0; i < n; i++) {
                ids.add(store.put(ByteBuffer.wrap(data(i))));
            }
            store.sync();
        }
        return ids;
    }

    private static Path segment(Path dir) {
        return SegmentFile.path(dir, 0);
    }

    /** The bytes of a segment with the chunk "hello, chunk" and of its UUID are what release 0.1.0 wrote. */
    @Test
    void aSegmentOfTheFirstReleaseIsRead() throws IOException {
        NativeBuffer header = new NativeBuffer(64);
        SegmentFormat.putFileHeader(header.buffer(), 0, UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"));
        byte[] actual = new byte[64];
        header.buffer().get(0, actual);
        assertEquals(GOLDEN_HEADER, HexFormat.of().formatHex(actual));
        byte[] hello = "hello, chunk".getBytes(StandardCharsets.US_ASCII);
        ChunkId id = Blake3.hash(hello);
        NativeBuffer record = new NativeBuffer(72);
        SegmentFormat.putRecord(record.buffer(), new StoredChunk(id, 12, false, ByteBuffer.wrap(hello)));
        byte[] actualRecord = new byte[72];
        record.buffer().get(0, actualRecord);
        assertEquals(GOLDEN_RECORD, HexFormat.of().formatHex(actualRecord));

        Files.write(segment(dir), HexFormat.of().parseHex(GOLDEN_HEADER + GOLDEN_RECORD));
        try (ChunkStore store = ChunkStore.open(dir)) {
            assertEquals("00112233-4455-6677-8899-aabbccddeeff", store.uuid().toString());
            assertArrayEquals(hello, store.fetch(id));
        }
    }

    private static final String GOLDEN_HEADER = "53445345474d4e54010000000000000000112233445566778899aabbccddeeff"
            + "00000000000000000000000000000000000000000000000000000000b07e38a8";
    private static final String GOLDEN_RECORD =
            "43484e4b0b0000000c00000015ab581225d06352e870f3e838c2c1c99a4e62b93fde6e93edd58a2092534b1356b15bcf"
                    + "d1da86f70000000068656c6c6f2c206368756e6b00000000";

    @Test
    void aTornTailIsCutOffAndTheStoreGoesOn() throws IOException {
        List<ChunkId> ids = fill(dir, 10);
        byte[] whole = Files.readAllBytes(segment(dir));
        int lastRecord = SegmentFormat.align(SegmentFormat.RECORD_HEADER_BYTES + data(9).length);
        for (int cut : new int[] {1, 8, 100, lastRecord - 60, lastRecord - 1}) {
            byte[] torn = java.util.Arrays.copyOf(whole, whole.length - cut);
            Files.write(segment(dir), torn);
            try (ChunkStore store = ChunkStore.open(dir)) {
                assertEquals(9, store.stats().chunks(), "cut by " + cut);
                assertFalse(store.contains(ids.get(9)));
                assertEquals(whole.length - lastRecord, Files.size(segment(dir)));
                store.put(ByteBuffer.wrap(data(9)));
                assertArrayEquals(data(9), store.fetch(ids.get(9)));
            }
        }
    }

    @Test
    void aSegmentWithoutAWholeHeaderIsStartedAnew() throws IOException {
        fill(dir, 0);
        Files.write(segment(dir), new byte[30]);
        try (ChunkStore store = ChunkStore.open(dir)) {
            ChunkId id = store.put(ByteBuffer.wrap(data(1)));
            assertArrayEquals(data(1), store.fetch(id));
        }
    }

    @Property(tries = 60)
    void aFlippedBitAnywhereIsNeverReadAsDataAndCostsAtMostOneChunk(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int n) throws IOException {
        Path store = Files.createTempDirectory("damage");
        try {
            List<ChunkId> ids = fill(store, n);
            byte[] bytes = Files.readAllBytes(segment(store));
            int bit = 64 * 8 + new Random(seed).nextInt((bytes.length - 64) * 8);
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(segment(store), bytes);
            int lost = 0;
            try (ChunkStore reopened = ChunkStore.open(store)) {
                for (int i = 0; i < n; i++) {
                    byte[] got = soundOrNull(reopened, ids.get(i));
                    if (got != null) {
                        assertArrayEquals(data(i), got);
                    } else {
                        lost++;
                        reopened.put(ByteBuffer.wrap(data(i)));
                        assertArrayEquals(data(i), reopened.fetch(ids.get(i)));
                    }
                }
            }
            assertTrue(lost <= 1, lost + " chunks lost");
        } finally {
            Disposal.delete(store);
        }
    }

    /** Null for a chunk that is not there, or is found to be damaged. */
    private static byte[] soundOrNull(ChunkStore store, ChunkId id) throws IOException {
        try {
            return store.get(id).orElse(null);
        } catch (CorruptChunkException e) {
            return null;
        }
    }

    @Test
    void contentThatGoesBadInAnOpenStoreIsDetectedOnRead() throws IOException {
        try (ChunkStore store = ChunkStore.open(dir)) {
            ChunkId id = store.put(ByteBuffer.wrap(data(1)));
            store.sync();
            byte[] bytes = Files.readAllBytes(segment(dir));
            bytes[bytes.length - 20] ^= 1;
            Files.write(segment(dir), bytes);
            assertThrows(CorruptChunkException.class, () -> store.get(id));
            assertTrue(store.getStored(id).isEmpty(), "from then on it is not here");
            assertTrue(store.put(id, ByteBuffer.wrap(data(1))) > 0);
            assertArrayEquals(data(1), store.fetch(id));
        }
    }

    @Test
    void aNewerVersionIsRefusedAndNothingIsChanged() throws IOException {
        fill(dir, 1);
        NativeBuffer b = new NativeBuffer(64);
        byte[] bytes = Files.readAllBytes(segment(dir));
        NativeBuffer.copy(bytes, 0, b.address(), 64);
        b.buffer().putInt(8, 2);
        b.buffer().putInt(60, SegmentFormat.crc(b.buffer(), 0, 60));
        NativeBuffer.copy(b.address(), bytes, 0, 64);
        Files.write(segment(dir), bytes);
        IOException e = assertThrows(UnsupportedVersionException.class, () -> ChunkStore.open(dir));
        assertTrue(e.getMessage().contains("version 2"), e.getMessage());
        assertArrayEquals(bytes, Files.readAllBytes(segment(dir)));
    }

    @Test
    void aDamagedHeaderOrASegmentOfAnotherStoreIsRefused() throws IOException {
        fill(dir.resolve("a"), 1);
        fill(dir.resolve("b"), 1);
        byte[] foreign = Files.readAllBytes(segment(dir.resolve("b")));
        Files.write(dir.resolve("a").resolve("00000001.seg"), foreign);
        assertThrows(CorruptChunkException.class, () -> ChunkStore.open(dir.resolve("a")));
        byte[] own = Files.readAllBytes(segment(dir.resolve("b")));
        own[20] ^= 1;
        Files.write(segment(dir.resolve("b")), own);
        assertThrows(CorruptChunkException.class, () -> ChunkStore.open(dir.resolve("b")));
    }

    /** A disk with room for so many bytes, in the middle of a write if need be. */
    private static final class SmallDisk implements FileOpener {
        private long room;
        private boolean syncFails;

        SmallDisk(long room) {
            this.room = room;
        }

        @Override
        public NativeFile create(Path path) throws IOException {
            return new LimitedFile(path, NativeFile.createFlags());
        }

        @Override
        public NativeFile openWrite(Path path) throws IOException {
            return new LimitedFile(path, jnr.constants.platform.OpenFlags.O_RDWR.intValue());
        }

        private final class LimitedFile extends NativeFile {
            LimitedFile(Path path, int flags) throws IOException {
                super(path, flags);
            }

            @Override
            public void write(long position, long address, long length) throws IOException {
                long n = Math.min(room, length);
                super.write(position, address, n);
                room -= n;
                if (n < length) {
                    throw new DiskFullException(path());
                }
            }

            @Override
            public void sync() throws IOException {
                if (syncFails) {
                    throw new IOException("input/output error");
                }
                super.sync();
            }
        }
    }

    @Test
    void aFullDiskFailsThePutAndTheStoreStaysUsable() throws IOException {
        SmallDisk disk = new SmallDisk(5000);
        try (ChunkStore store = ChunkStore.open(dir, 1 << 20, disk)) {
            ChunkId first = store.put(ByteBuffer.wrap(data(1)));
            byte[] big = new byte[20_000];
            new Random(99).nextBytes(big);
            DiskFullException e = assertThrows(DiskFullException.class, () -> store.put(ByteBuffer.wrap(big)));
            assertTrue(e.getMessage().contains("free some space"), e.getMessage());
            store.sync();
            assertArrayEquals(data(1), store.fetch(first));
            disk.room = 100_000;
            ChunkId second = store.put(ByteBuffer.wrap(big));
            store.sync();
            assertArrayEquals(big, store.fetch(second));
        }
        try (ChunkStore store = ChunkStore.open(dir)) {
            assertEquals(2, store.stats().chunks());
            assertEquals(0, store.stats().damagedBytes());
        }
    }

    @Test
    void aFullDiskIsFreedByACollectionThatHasNoRoomToMoveAnything() throws IOException {
        SmallDisk disk = new SmallDisk(300_000);
        try (ChunkStore store = ChunkStore.open(dir, 1 << 20, disk)) {
            Random random = new Random(7);
            byte[] needed = new byte[20_000];
            random.nextBytes(needed);
            ChunkId id = store.put(ByteBuffer.wrap(needed));
            byte[] left = new byte[20_000];
            assertThrows(DiskFullException.class, () -> {
                for (int i = 0; i < 100; i++) {
                    random.nextBytes(left);
                    store.put(ByteBuffer.wrap(left));
                }
            });
            disk.room = 0;
            assertTrue(store.collect(root -> root.accept(id), segment -> false, false)
                            .freedBytes()
                    > 200_000);
            assertTrue(Files.size(segment(dir)) < 21_000);
            assertEquals(1, store.stats().chunks());
            assertEquals(20_000, store.stats().rawBytes());
            assertArrayEquals(needed, store.fetch(id));
            // Nothing is left to be freed without room.
            assertEquals(
                    0,
                    store.collect(root -> root.accept(id), segment -> false, true)
                            .freedBytes());
            disk.room = 300_000;
            random.nextBytes(left);
            ChunkId next = store.put(ByteBuffer.wrap(left));
            store.sync();
            assertArrayEquals(left, store.fetch(next));
        }
        try (ChunkStore store = ChunkStore.open(dir)) {
            assertEquals(2, store.stats().chunks());
            assertEquals(0, store.stats().damagedBytes());
        }
    }

    @Test
    void aFullDiskWithoutRoomForASegmentLeavesNothingBehind() throws IOException {
        try (ChunkStore store = ChunkStore.open(dir, 1 << 20, new SmallDisk(10))) {
            assertThrows(DiskFullException.class, () -> store.put(ByteBuffer.wrap(data(1))));
            assertFalse(Files.exists(segment(dir)));
        }
    }

    @Test
    void afterAFailedSyncNothingIsAcknowledgedAnyMore() throws IOException {
        SmallDisk disk = new SmallDisk(1 << 20);
        ChunkStore store = ChunkStore.open(dir, 1 << 20, disk);
        store.put(ByteBuffer.wrap(data(1)));
        disk.syncFails = true;
        assertThrows(IOException.class, store::sync);
        disk.syncFails = false;
        assertThrows(IOException.class, store::sync);
        assertThrows(IOException.class, () -> store.put(ByteBuffer.wrap(data(2))));
        store.close();
    }
}
