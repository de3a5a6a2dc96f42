package dev.stardust.chunk.volume;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.store.ChunkMissingException;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.SegmentReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestVolumeTest {
    @TempDir
    Path dir;

    private ChunkStore store;
    private SegmentReader reader;
    private byte[] image;
    private ImportResult imported;
    private Path extents;

    @BeforeEach
    void importAnImage() throws IOException {
        store = ChunkStore.open(dir.resolve("segments"));
        reader = new SegmentReader(dir.resolve("segments"), store.uuid());
        image = new byte[3 << 20];
        System.arraycopy(Disks.random(1, 1 << 20), 0, image, 4096, 1 << 20);
        System.arraycopy(Disks.random(2, 300_000), 0, image, 2 << 20, 300_000);
        Files.write(dir.resolve("image"), image);
        imported = new ImageImporter(store).importImage(dir.resolve("image"), Progress.NONE);
        extents = dir.resolve("disk-0.extents");
        ExtentMap.write(extents, imported.manifest(), imported.root(), store);
    }

    @AfterEach
    void close() throws IOException {
        reader.close();
        store.close();
    }

    private ManifestVolume open() throws IOException {
        return ManifestVolume.of(ExtentMap.open(extents), reader);
    }

    @Test
    void theDiskReadsAsTheImageAtAnyOffsetAndLength() throws IOException {
        try (ManifestVolume v = open()) {
            assertEquals(image.length, v.sizeBytes());
            assertArrayEquals(image, Disks.readAll(v));
            Random random = new Random(7);
            for (int i = 0; i < 300; i++) {
                int offset = random.nextInt(image.length);
                int length = random.nextInt(Math.min(300_000, image.length - offset) + 1);
                byte[] expected = Arrays.copyOfRange(image, offset, offset + length);
                assertArrayEquals(expected, Disks.read(v, offset, length), offset + " + " + length);
            }
        }
    }

    @Test
    void aSequentialReaderLoadsEachChunkOnce() throws IOException {
        try (ManifestVolume v = open()) {
            for (int at = 0; at < image.length; at += 4096) {
                Disks.read(v, at, 4096);
            }
            assertEquals(imported.manifest().count(), v.chunkLoads());
        }
    }

    @Test
    void rangesOutsideOfTheDiskAndWritesAreRefused() throws IOException {
        try (ManifestVolume v = open()) {
            assertThrows(IndexOutOfBoundsException.class, () -> Disks.read(v, image.length - 10, 11));
            assertThrows(IndexOutOfBoundsException.class, () -> Disks.read(v, -1, 1));
            assertThrows(IndexOutOfBoundsException.class, () -> v.read(0, 0, -1));
            assertThrows(IOException.class, () -> Disks.write(v, 0, new byte[512]));
        }
    }

    @Test
    void aChunkThatWentBadFailsTheReadAndOnlyThat() throws IOException {
        Path segment = dir.resolve("segments").resolve("00000000.seg");
        byte[] bytes = Files.readAllBytes(segment);
        bytes[200] ^= 4;
        Files.write(segment, bytes);
        ExtentMap map = ExtentMap.open(extents);
        int failed = 0;
        try (ManifestVolume v = open()) {
            assertThrows(CorruptChunkException.class, () -> Disks.readAll(v));
            for (int i = 0; i < map.count(); i++) {
                long offset = map.offset(i);
                int length = map.length(i);
                // Chunks are stored in the order in which threads finish them: any may be the first of the segment.
                if (map.recordOffset(i) < 200) {
                    failed++;
                    assertThrows(CorruptChunkException.class, () -> Disks.read(v, offset, length));
                } else {
                    assertArrayEquals(
                            Arrays.copyOfRange(image, (int) offset, (int) offset + length),
                            Disks.read(v, offset, length));
                }
            }
        }
        assertTrue(failed > 0 && failed < map.count(), failed + " of " + map.count());
    }

    @Test
    void anotherStoresSegmentsAreRefused() throws IOException {
        try (SegmentReader other = new SegmentReader(dir.resolve("segments"), UUID.randomUUID())) {
            assertThrows(IOException.class, () -> ManifestVolume.of(ExtentMap.open(extents), other));
        }
    }

    @Test
    void everyFlippedBitOfAnExtentMapIsDetected() throws IOException {
        byte[] good = Files.readAllBytes(extents);
        Random random = new Random(3);
        for (int i = 0; i < 300; i++) {
            byte[] bad = good.clone();
            int bit = i < 96 ? 8 * i : random.nextInt(good.length * 8);
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(extents, bad);
            assertThrows(CorruptChunkException.class, () -> ExtentMap.open(extents), "bit " + bit);
        }
        Files.write(extents, Arrays.copyOf(good, good.length - 1));
        assertThrows(CorruptChunkException.class, () -> ExtentMap.open(extents));
        Files.write(extents, new byte[5]);
        assertThrows(CorruptChunkException.class, () -> ExtentMap.open(extents));
    }

    @Test
    void anExtentMapOfTheFirstReleaseIsRead() throws IOException {
        Path file = Files.write(dir.resolve("golden"), HexFormat.of().parseHex(GOLDEN));
        ExtentMap map = ExtentMap.open(file);
        assertEquals(1 << 20, map.sizeBytes());
        assertEquals("00112233-4455-6677-8899-aabbccddeeff", map.store().toString());
        assertEquals(new ChunkId(1, 2, 3, 4), map.manifest());
        assertEquals(1, map.count());
        assertEquals(8192, map.offset(0));
        assertEquals(5000, map.length(0));
        assertEquals(3, map.segment(0));
        assertEquals(64, map.recordOffset(0));
        assertEquals(new ChunkId(5, 6, 7, 8), map.id(0));
    }

    private static final String GOLDEN =
            "5344455854454e540100000001000000000010000000000000112233445566778899aabbccddeeff"
                    + "00000000000000010000000000000002000000000000000300000000000000040000000000000000000000000000000000000000eec179d2"
                    + "0020000000000000881300000300000040000000000000000000000000000005000000000000000600000000000000070000000000000008";

    @Test
    void aMissingChunkLeavesTheOldMapInPlace() throws IOException {
        byte[] before = Files.readAllBytes(extents);
        Manifest m =
                Manifest.builder(4096).add(0, 4096, new ChunkId(1, 1, 1, 1)).build();
        assertThrows(ChunkMissingException.class, () -> ExtentMap.write(extents, m, imported.root(), store));
        assertArrayEquals(before, Files.readAllBytes(extents));
    }

    @Test
    void sealingReadsAndStoresOnlyWhatWritesTouched() throws IOException {
        Manifest base = imported.manifest();
        byte[] model = image.clone();
        try (DeltaVolume delta = DeltaVolume.open(dir.resolve("disk-0.delta"), open(), imported.root())) {
            Random random = new Random(5);
            for (int[] place : new int[][] {{500_000, 100}, {1_500_000, 9_000}, {(2 << 20) + 5, 4096}}) {
                byte[] data = Disks.random(random.nextLong(), place[1]);
                System.arraycopy(data, 0, model, place[0], data.length);
                Disks.write(delta, place[0], data);
            }
            Manifest sealed = Sealer.seal(base, delta, store, 2);
            ChunkId root = ManifestStore.write(sealed, store);
            store.sync();
            int kept = 0;
            for (int i = 0; i < base.count(); i++) {
                int j = sealed.firstEndingAfter(base.offset(i));
                if (j < sealed.count()
                        && sealed.offset(j) == base.offset(i)
                        && sealed.id(j).equals(base.id(i))) {
                    kept++;
                }
            }
            assertTrue(kept >= base.count() - 4, kept + " of " + base.count() + " kept");
            Path sealedMap = dir.resolve("sealed.extents");
            ExtentMap.write(sealedMap, sealed, root, store);
            try (ManifestVolume v = ManifestVolume.of(ExtentMap.open(sealedMap), reader)) {
                assertArrayEquals(model, Disks.readAll(v));
            }
        }
    }

    @Test
    void sealingRandomWritesGivesTheDiskBack() throws IOException {
        for (int seed = 0; seed < 10; seed++) {
            Random random = new Random(seed);
            byte[] model = image.clone();
            Path file = dir.resolve(seed + ".delta");
            try (DeltaVolume delta = DeltaVolume.open(file, open(), imported.root())) {
                for (int i = 0; i < 1 + seed * 3; i++) {
                    byte[] data = new byte[1 + random.nextInt(100_000)];
                    if (random.nextInt(3) > 0) {
                        random.nextBytes(data);
                    }
                    int at = random.nextInt(image.length - data.length);
                    System.arraycopy(data, 0, model, at, data.length);
                    Disks.write(delta, at, data);
                }
                Manifest sealed = Sealer.seal(imported.manifest(), delta, store, 2);
                byte[] content = new byte[model.length];
                for (int i = 0; i < sealed.count(); i++) {
                    byte[] raw = store.fetch(sealed.id(i));
                    ByteBuffer.wrap(content).position((int) sealed.offset(i)).put(raw);
                }
                assertArrayEquals(model, content, "seed " + seed);
            }
        }
    }

    @Test
    void anUntouchedDiskSealsToItsOwnManifest() throws IOException {
        try (DeltaVolume delta = DeltaVolume.open(dir.resolve("disk-0.delta"), open(), imported.root())) {
            NativeBuffer memory = new NativeBuffer(4096);
            delta.readBlock(3, memory.address());
            assertEquals(imported.manifest(), Sealer.seal(imported.manifest(), delta, store, 1));
        }
    }
}
