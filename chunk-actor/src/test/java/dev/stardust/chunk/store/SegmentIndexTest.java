package dev.stardust.chunk.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.NativeBuffer;
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
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentIndexTest {
    private static final UUID STORE = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final int SEGMENT_BYTES = 1 << 20;

    /** What release 0.1.0 writes for segment 7 of 200 bytes with one record and one damaged stretch of 64. */
    private static final String GOLDEN =
            "53445345474944580100000007000000001122334455667788 99aabbccddeeff".replace(" ", "")
                    + "c800000000000000" + "0d00000000000000" + "0c00000000000000" + "01000000" + "40000000"
                    + "0200000000000000" + "08000000";

    @TempDir
    Path dir;

    private static SegmentFormat.Header header(long fingerprint) {
        return new SegmentFormat.Header(new ChunkId(1, fingerprint, 3, 4), 13, 12, true, 0);
    }

    private static SegmentIndex one() {
        SegmentIndex index = new SegmentIndex();
        index.add(header(2), 64);
        index.endAt(200);
        return index;
    }

    private static byte[] written(Path dir, SegmentIndex index) throws IOException {
        index.write(dir, 7, STORE);
        return Files.readAllBytes(SegmentIndex.path(dir, 7));
    }

    private static SegmentIndex parse(byte[] bytes, int segment, UUID store, long segmentBytes) {
        NativeBuffer memory = new NativeBuffer(bytes.length);
        NativeBuffer.copy(bytes, 0, memory.address(), bytes.length);
        return SegmentIndex.parse(memory.buffer(), segment, store, segmentBytes);
    }

    @Test
    void anIndexOfTheFirstReleaseIsWrittenAndRead() throws IOException {
        byte[] bytes = written(dir, one());
        assertEquals(GOLDEN, HexFormat.of().formatHex(bytes, 0, bytes.length - 4));
        SegmentIndex read = parse(bytes, 7, STORE, 200);
        assertEquals(1, read.count());
        assertEquals(13, read.rawBytes());
        assertEquals(12, read.storedBytes());
        assertEquals(64, read.damagedBytes());
        read.forEach((fingerprint, offset) -> {
            assertEquals(2, fingerprint);
            assertEquals(64, offset);
        });
    }

    @Test
    void thatOfAnotherSegmentOrStoreOrLengthIsNotTaken() throws IOException {
        byte[] bytes = written(dir, one());
        assertNotNull(parse(bytes, 7, STORE, 200));
        assertNull(parse(bytes, 8, STORE, 200));
        assertNull(parse(bytes, 7, UUID.randomUUID(), 200));
        assertNull(parse(bytes, 7, STORE, 208));
    }

    @Property(tries = 100)
    void oneWithAFlippedBitIsNotTaken(@ForAll long seed, @ForAll @Size(max = 20) List<Long> fingerprints)
            throws IOException {
        Path folder = Files.createTempDirectory("index");
        SegmentIndex index = new SegmentIndex();
        for (int i = 0; i < fingerprints.size(); i++) {
            index.add(header(fingerprints.get(i)), 64 + 72 * i);
        }
        byte[] bytes = written(folder, index);
        assertNotNull(parse(bytes, 7, STORE, index.end()));
        int bit = new Random(seed).nextInt(bytes.length * 8);
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
        assertNull(parse(bytes, 7, STORE, index.end()));
        Files.delete(SegmentIndex.path(folder, 7));
        Files.delete(folder);
    }

    private static byte[] data(int seed) {
        byte[] bytes = new byte[10_000 + seed];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static List<ChunkId> fill(Path dir) throws IOException {
        List<ChunkId> ids = new ArrayList<>();
        try (ChunkStore store = ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL)) {
            for (int i = 0; i < 500; i++) {
                ids.add(store.put(ByteBuffer.wrap(data(i))));
            }
        }
        return ids;
    }

    private static StoreStats check(Path dir, List<ChunkId> ids) throws IOException {
        try (ChunkStore store = ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL)) {
            for (int i = 0; i < ids.size(); i++) {
                assertArrayEquals(data(i), store.fetch(ids.get(i)));
            }
            return store.stats();
        }
    }

    @Test
    void fullSegmentsHaveOneAndAStoreWithoutOrWithDamagedOnesIsTheSame() throws IOException {
        List<ChunkId> ids = fill(dir);
        List<Integer> segments = SegmentReader.list(dir);
        assertTrue(segments.size() > 4);
        StoreStats stats = check(dir, ids);
        assertEquals(500, stats.chunks());
        for (int number : segments.subList(0, segments.size() - 1)) {
            Path index = SegmentIndex.path(dir, number);
            byte[] good = Files.readAllBytes(index);
            if (number % 2 == 0) {
                Files.delete(index);
            } else {
                byte[] bad = good.clone();
                bad[100] ^= 1;
                Files.write(index, bad);
            }
            assertEquals(stats, check(dir, ids));
            assertArrayEquals(good, Files.readAllBytes(index));
        }
    }

    @Test
    void aStoreIsOpenedByThemWithoutLookingAtFullSegments() throws IOException {
        List<ChunkId> ids = fill(dir);
        byte[] bytes = Files.readAllBytes(SegmentFile.path(dir, 0));
        bytes[64] ^= 1; // A scan would miss this record.
        Files.write(SegmentFile.path(dir, 0), bytes);
        try (ChunkStore store = ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL)) {
            assertEquals(500, store.stats().chunks());
            assertTrue(store.get(ids.get(0)).isEmpty());
        }
    }

    @Test
    void oneOfASegmentThatBecameTheNewestAgainIsNotUsed() throws IOException {
        List<ChunkId> ids = fill(dir);
        List<Integer> segments = SegmentReader.list(dir);
        int last = segments.get(segments.size() - 1);
        Files.write(SegmentFile.path(dir, last), new byte[10]);
        ids = new ArrayList<>(ids);
        try (ChunkStore store = ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL)) {
            for (int i = 0; i < ids.size(); i++) {
                store.put(ByteBuffer.wrap(data(i)));
            }
        }
        assertEquals(500, check(dir, ids).chunks());
    }

    @Test
    void aStoreThatWasClosedIsOpenedByItsIndexesAlone() throws IOException {
        List<ChunkId> ids = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            try (ChunkStore store = ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL)) {
                for (ChunkId id : ids) {
                    assertTrue(store.contains(id));
                }
                ids.add(store.put(ByteBuffer.wrap(("chunk " + i).getBytes(StandardCharsets.UTF_8))));
            }
            Path index = SegmentIndex.path(dir, 0);
            assertTrue(Files.exists(index));
            if (i == 2) { // What a crash leaves: it is found by a scan.
                Files.delete(index);
            }
        }
        Path segment = SegmentFile.path(dir, 0);
        byte[] bytes = Files.readAllBytes(segment);
        byte[] damaged = bytes.clone();
        damaged[SegmentFormat.HEADER_BYTES] ^= 1; // Not looked at when there is an index of that length.
        Files.write(segment, damaged);
        try (ChunkStore store = ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL)) {
            assertEquals(4, store.stats().chunks());
        }
    }

    @Test
    void aStoreThatWasClosedEmptyTakesChunks() throws IOException {
        ChunkId id;
        try (ChunkStore store = ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL)) {
            id = store.put(ByteBuffer.wrap(new byte[100]));
            store.collect(needed -> {}, segment -> false, false);
        }
        for (int i = 0; i < 2; i++) {
            try (ChunkStore store = ChunkStore.open(dir, SEGMENT_BYTES, FileOpener.REAL)) {
                assertEquals(i == 1, store.contains(id));
                store.put(id, ByteBuffer.wrap(new byte[100]));
            }
        }
    }
}
