package dev.stardust.chunk.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.store.ChunkMissingException;
import dev.stardust.chunk.store.UnsupportedVersionException;
import dev.stardust.chunk.testing.MemoryChunks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ManifestStoreTest {
    private final MemoryChunks chunks = new MemoryChunks();

    private static Manifest random(long seed, int extents) {
        Random random = new Random(seed);
        long[] offsets = new long[extents];
        int[] lengths = new int[extents];
        long at = 0;
        for (int i = 0; i < extents; i++) {
            at += random.nextInt(3) == 0 ? random.nextInt(1 << 20) : 0;
            offsets[i] = at;
            lengths[i] = 1 + random.nextInt(65536);
            at += lengths[i];
        }
        Manifest.Builder b = Manifest.builder(at + 1 + random.nextInt(2) * 4096L);
        for (int i = 0; i < extents; i++) {
            b.add(offsets[i], lengths[i], new ChunkId(random.nextLong(), i, 2, 3));
        }
        return b.build();
    }

    @Property(tries = 40)
    void whatIsWrittenIsRead(@ForAll long seed, @ForAll @IntRange(max = 10_000) int extents) throws IOException {
        Manifest m = random(seed, extents);
        ChunkId root = ManifestStore.write(m, chunks);
        assertEquals(m, ManifestStore.read(root, chunks));
        for (ChunkId piece : ManifestStore.pieces(root, chunks)) {
            assertTrue(chunks.chunks.containsKey(piece));
        }
    }

    @Test
    void aManifestOfThreeLevelsIsReadWhole() throws IOException {
        Manifest m = random(1, PieceFormat.MAX_ENTRIES * 1400);
        ChunkId root = ManifestStore.write(m, chunks);
        assertEquals(m, ManifestStore.read(root, chunks));
        assertEquals(chunks.chunks.size(), ManifestStore.pieces(root, chunks).size());
        assertThrows(CorruptChunkException.class, () -> ManifestStore.read(root, chunks, m.count() - 1));
    }

    @Test
    void equalManifestsHaveEqualRoots() throws IOException {
        assertEquals(ManifestStore.write(random(5, 100), chunks), ManifestStore.write(random(5, 100), chunks));
    }

    @Test
    void aPieceOfTheFirstReleaseIsRead() throws IOException {
        Manifest m = Manifest.builder(1 << 20)
                .add(0, 65536, new ChunkId(1, 2, 3, 4))
                .add(65536, 512, new ChunkId(5, 6, 7, 8))
                .add(1 << 19, 4096, new ChunkId(9, 10, 11, 12))
                .build();
        ChunkId root = ManifestStore.write(m, chunks);
        assertEquals(GOLDEN, HexFormat.of().formatHex(chunks.fetch(root)));
        assertEquals(m, ManifestStore.read(root, chunks));
    }

    private static final String GOLDEN = "53444d46010000000000100000000000050000004f3fca3e"
            + "00000100000000000000000000000001000000000000000200000000000000030000000000000004"
            + "00020000000000000000000000000005000000000000000600000000000000070000000000000008"
            + "00fe0600000000000000000000000000000000000000000000000000000000000000000000000000"
            + "00100000000000000000000000000009000000000000000a000000000000000b000000000000000c"
            + "00f00700000000000000000000000000000000000000000000000000000000000000000000000000";

    /** Makes a piece with a right checksum from what a liar wants to say. */
    private ChunkId piece(int version, int level, long covered, Object... lengthsAndIds) {
        int n = lengthsAndIds.length / 2;
        ByteBuffer b = ByteBuffer.allocate(24 + 40 * n).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, 0x464D4453).putShort(4, (short) version).put(6, (byte) level);
        b.putLong(8, covered).putInt(16, n);
        for (int i = 0; i < n; i++) {
            b.putLong(24 + 40 * i, (Long) lengthsAndIds[2 * i]);
            ((ChunkId) lengthsAndIds[2 * i + 1]).put(b, 32 + 40 * i);
        }
        CRC32C crc = new CRC32C();
        crc.update(b.array(), 0, 20);
        crc.update(b.array(), 24, b.capacity() - 24);
        b.putInt(20, (int) crc.getValue());
        ChunkId id = Blake3.hash(b.array());
        chunks.chunks.put(id, b.array());
        return id;
    }

    private void refused(ChunkId root) {
        assertThrows(CorruptChunkException.class, () -> ManifestStore.read(root, chunks));
    }

    @Test
    void liesAreRefused() throws IOException {
        ChunkId data = new ChunkId(1, 1, 1, 1);
        assertEquals(1, ManifestStore.read(piece(1, 0, 512, 512L, data), chunks).count());
        refused(piece(1, 0, 513, 512L, data));
        refused(piece(1, 0, 511, 512L, data));
        refused(piece(1, 0, 512, 0L, data, 512L, data));
        refused(piece(1, 0, 512, -512L, data, 1024L, data));
        refused(piece(1, 0, 65537, 65537L, data));
        refused(piece(1, 0, 1024, 512L, ChunkId.ZERO, 512L, ChunkId.ZERO));
        refused(piece(1, 0, Long.MAX_VALUE, Long.MAX_VALUE, ChunkId.ZERO));
        refused(piece(1, 0, -1, 1L, data));
        refused(piece(1, 0, 512));
        refused(piece(1, 9, 512, 512L, data));
        ChunkId leaf = piece(1, 0, 512, 512L, data);
        assertEquals(1, ManifestStore.read(piece(1, 1, 512, 512L, leaf), chunks).count());
        refused(piece(1, 2, 512, 512L, leaf));
        refused(piece(1, 1, 513, 513L, leaf));
        ChunkId missing = piece(1, 1, 512, 512L, data);
        assertThrows(ChunkMissingException.class, () -> ManifestStore.read(missing, chunks));
        ChunkId newer = piece(2, 0, 512, 512L, data);
        assertThrows(UnsupportedVersionException.class, () -> ManifestStore.read(newer, chunks));
    }

    @Test
    void aBombOfSharedPiecesIsRefusedQuickly() {
        Object[] leafEntries = new Object[2 * PieceFormat.MAX_ENTRIES];
        for (int i = 0; i < PieceFormat.MAX_ENTRIES; i++) {
            leafEntries[2 * i] = 1L;
            leafEntries[2 * i + 1] = new ChunkId(1, 1, 1, 1);
        }
        long covered = PieceFormat.MAX_ENTRIES;
        ChunkId id = piece(1, 0, covered, leafEntries);
        for (int level = 1; level <= 3; level++) {
            Object[] entries = new Object[2 * PieceFormat.MAX_ENTRIES];
            for (int i = 0; i < PieceFormat.MAX_ENTRIES; i++) {
                entries[2 * i] = covered;
                entries[2 * i + 1] = id;
            }
            covered *= PieceFormat.MAX_ENTRIES;
            id = piece(1, level, covered, entries);
        }
        refused(id);
    }

    @Property(tries = 300)
    void aFlippedBitIsDetected(@ForAll @IntRange(min = 0) int at) throws IOException {
        ChunkId root = ManifestStore.write(random(3, 20), chunks);
        byte[] bytes = chunks.fetch(root).clone();
        int bit = at % (bytes.length * 8);
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
        assertThrows(CorruptChunkException.class, () -> ManifestStore.read(root, id -> bytes));
    }

    @Property(tries = 500)
    void noBytesMakeTheReaderFailOtherwiseThanByAnIoException(@ForAll @Size(max = 300) byte[] bytes) {
        assertThrows(IOException.class, () -> ManifestStore.read(ChunkId.ZERO, id -> bytes));
    }

    @Property(tries = 500)
    void fieldsWithRightChecksumsButRandomValuesNeverBreakTheReader(
            @ForAll @IntRange(max = 4) int level,
            @ForAll long covered,
            @ForAll long a,
            @ForAll @IntRange(max = 70_000) int b) {
        ChunkId root = piece(1, level, covered, a, new ChunkId(1, 1, 1, 1), (long) b, ChunkId.ZERO);
        try {
            Manifest m = ManifestStore.read(root, chunks);
            assertEquals(a + b, m.sizeBytes());
        } catch (IOException expected) {
            assertTrue(expected.getMessage().length() > 10);
        }
    }

    @Test
    void extentsThatOverlapOrPassTheEndCannotBeBuilt() {
        Manifest.Builder b = Manifest.builder(10_000).add(100, 100, ChunkId.ofHex("01".repeat(32)));
        for (long[] bad : new long[][] {{199, 10}, {9_999, 2}, {200, 0}, {200, 65537}, {-1, 1}, {Long.MAX_VALUE, 1}}) {
            assertThrows(IllegalArgumentException.class, () -> b.add(bad[0], (int) bad[1], ChunkId.ZERO));
        }
        assertEquals(0, b.build().firstEndingAfter(199));
        assertEquals(1, b.build().firstEndingAfter(200));
        assertEquals(0, b.build().firstEndingAfter(0));
        assertThrows(IllegalArgumentException.class, () -> Manifest.builder(0));
    }
}
