package dev.stardust.chunk.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.file.DamagedFileException;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.RawFile;
import dev.stardust.chunk.manifest.StreamData;
import dev.stardust.chunk.store.SweepReport;
import dev.stardust.chunk.testing.Disposal;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalStoreTest {
    @TempDir
    Path dir;

    private LocalStore store;

    @BeforeEach
    void open() throws IOException {
        store = LocalStore.open(dir.resolve("store"));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private static byte[] random(int seed, int bytes) {
        byte[] data = new byte[bytes];
        new Random(seed).nextBytes(data);
        return data;
    }

    private ImportResult add(String name, byte[] image) throws IOException {
        Path file = Files.write(dir.resolve(name + ".raw"), image);
        try (RawFile raw = RawFile.open(file)) {
            return store.importImage(name, raw, true, Progress.NONE);
        }
    }

    private byte[] exported(String name) throws IOException {
        Path file = dir.resolve(name + ".out");
        store.export(name, file, Progress.NONE);
        return Files.readAllBytes(file);
    }

    private List<String> names() throws IOException {
        return store.images().stream().map(ImageRecord::name).toList();
    }

    @Property(tries = 15)
    void anImageComesBackBitByBit(@ForAll long seed, @ForAll @IntRange(min = 1, max = 8_000) int sectors)
            throws IOException {
        Path folder = Files.createTempDirectory("local");
        try (LocalStore local = LocalStore.open(folder.resolve("store"))) {
            Random random = new Random(seed);
            byte[] image = new byte[sectors * 512];
            for (int at = 0; at < image.length; at += 1 + random.nextInt(300_000)) {
                byte[] part = new byte[Math.min(random.nextInt(200_000), image.length - at)];
                random.nextBytes(part);
                System.arraycopy(part, 0, image, at, part.length);
            }
            local.importImage(
                    "stream", new StreamData("test", new ByteArrayInputStream(image), 0), false, Progress.NONE);
            Path file = Files.write(folder.resolve("file"), image);
            try (RawFile raw = RawFile.open(file)) {
                assertEquals(
                        0, local.importImage("file", raw, false, Progress.NONE).newChunks());
            }
            for (String name : List.of("stream", "file")) {
                Path target = folder.resolve(name + ".out");
                local.export(name, target, Progress.NONE);
                assertArrayEquals(image, Files.readAllBytes(target));
            }
        } finally {
            Disposal.delete(folder);
        }
    }

    @Test
    void whatWasImportedIsThereAfterAReopening() throws IOException {
        byte[] image = random(1, 1 << 20);
        add("one", image);
        store.close();
        open();
        assertEquals(List.of("one"), names());
        assertArrayEquals(image, exported("one"));
    }

    @Test
    void usageSaysWhatIsSharedAndWhatARemovalFrees() throws IOException {
        byte[] a = random(1, 1 << 20);
        byte[] b = Arrays.copyOf(a, 2 << 20);
        System.arraycopy(random(2, 1 << 20), 0, b, 1 << 20, 1 << 20);
        add("a", a);
        add("b", b);
        StoreUsage usage = store.usage();
        assertEquals(3 << 20, usage.logicalBytes());
        StoreUsage.OfImage ofA = usage.images().get(0);
        StoreUsage.OfImage ofB = usage.images().get(1);
        assertEquals(1 << 20, ofA.uniqueBytes());
        assertEquals(2 << 20, ofB.uniqueBytes());
        // Where a's last chunk ends is not where b's data changes: that chunk is of one only.
        assertTrue(ofA.ownBytes() <= 64 << 10, ofA.toString());
        assertTrue(ofB.ownBytes() >= 1 << 20 && ofB.ownBytes() <= (1 << 20) + (64 << 10), ofB.toString());
        assertEquals(usage.uniqueBytes(), (2L << 20) + ofA.ownBytes());

        store.remove("b");
        SweepReport dry = store.collect(true);
        assertEquals(List.of("a"), names());
        SweepReport swept = store.collect(false);
        assertEquals(dry.deadBytes(), swept.deadBytes());
        assertTrue(swept.freedBytes() >= ofB.ownBytes(), swept.toString());
        assertArrayEquals(a, exported("a"));
        assertEquals(0, store.collect(true).deadBytes());
    }

    @Test
    void namesAreChecked() throws IOException {
        add("one", random(1, 4096));
        assertThrows(FileAlreadyExistsException.class, () -> add("one", random(2, 4096)));
        for (String bad : List.of("", ".", "..", "../up", "a/b", "-x", "a\nb", "x".repeat(129))) {
            assertThrows(IOException.class, () -> store.image(bad), bad);
            assertThrows(IOException.class, () -> store.remove(bad), bad);
        }
        assertThrows(NoSuchFileException.class, () -> store.image("two"));
        assertThrows(NoSuchFileException.class, () -> store.remove("two"));
        assertThrows(NoSuchFileException.class, () -> store.export("two", dir.resolve("x"), Progress.NONE));
    }

    @Test
    void aSecondOpeningIsRefused() {
        IOException e = assertThrows(IOException.class, () -> LocalStore.open(dir.resolve("store")));
        assertTrue(e.getMessage().contains("in use by another process"), e.getMessage());
    }

    @Test
    void aStreamThatIsCutShortLeavesNoImage() throws IOException {
        byte[] cut = random(1, 5_000_100);
        IOException e = assertThrows(
                IOException.class,
                () -> store.importImage(
                        "cut", new StreamData("stdin", new ByteArrayInputStream(cut), 0), false, Progress.NONE));
        assertTrue(e.getMessage().contains("multiple of 512"), e.getMessage());
        assertThrows(
                IOException.class,
                () -> store.importImage(
                        "none",
                        new StreamData("stdin", new ByteArrayInputStream(new byte[0]), 0),
                        false,
                        Progress.NONE));
        assertEquals(List.of(), names());
        assertTrue(store.collect(false).freedBytes() > 0);
    }

    @Test
    void anExportOverwritesNothingAndLeavesNothingHalf() throws IOException {
        add("one", random(1, 1 << 20));
        Path there = Files.writeString(dir.resolve("there"), "mine");
        assertThrows(FileAlreadyExistsException.class, () -> store.export("one", there, Progress.NONE));
        assertEquals("mine", Files.readString(there));
        Path segment;
        try (Stream<Path> files = Files.list(dir.resolve("store/chunks"))) {
            segment =
                    files.filter(f -> f.toString().endsWith(".seg")).findFirst().orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(segment);
        bytes[500_000] ^= 1;
        Files.write(segment, bytes);
        assertThrows(IOException.class, () -> store.export("one", dir.resolve("out"), Progress.NONE));
        assertFalse(Files.exists(dir.resolve("out")));
        assertFalse(Files.exists(dir.resolve("out.partial")));
    }

    @Test
    void aDamagedRecordStopsTheCollection() throws IOException {
        byte[] image = random(1, 1 << 20);
        add("one", image);
        Path record = dir.resolve("store/images/one.json");
        byte[] sound = Files.readAllBytes(record);
        byte[] damaged = sound.clone();
        damaged[sound.length - 3] ^= 1;
        Files.write(record, damaged);
        assertThrows(DamagedFileException.class, () -> store.collect(false));
        Files.write(record, sound);
        Files.copy(record, dir.resolve("store/images/two.json"));
        assertThrows(DamagedFileException.class, () -> store.collect(false), "a record under another name");
        Files.delete(dir.resolve("store/images/two.json"));
        assertEquals(0, store.collect(false).deadBytes());
        assertArrayEquals(image, exported("one"));
    }

    @Test
    void theRecordOfAnImageIsTheGoldenOne() throws IOException {
        add("zeros", new byte[4096]);
        String text = Files.readString(dir.resolve("store/images/zeros.json"));
        ChunkId root = store.image("zeros").root();
        assertEquals(
                "{\"name\":\"zeros\",\"manifest\":\"" + root + "\",\"sizeBytes\":4096,"
                        + "\"sha256\":\"ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7\",\"kind\":\"disk\"}",
                text.substring(text.indexOf('\n') + 1));
        assertTrue(text.startsWith("stardust-image 1 crc32c="), text);
    }

    @Test
    void aScrubNamesTheImagesThatLostSomethingAndAReplicaMendsThem() throws IOException {
        byte[] a = random(1, 1 << 20);
        byte[] b = random(2, 1 << 20);
        add("a", a);
        add("b", b);
        Path replica = dir.resolve("replica");
        try (LocalStore other = LocalStore.open(replica);
                RawFile raw = RawFile.open(dir.resolve("a.raw"))) {
            other.importImage("same", raw, false, Progress.NONE);
        }
        assertEquals(List.of(), store.scrub(0, null).images());
        flip("store", 500_000); // The first megabyte of the segment is a's.
        ScrubResult found = store.scrub(0, null);
        assertTrue(found.lost());
        assertEquals(1, found.report().damages().size());
        assertEquals(
                List.of("a"),
                found.images().stream().map(ScrubResult.Touched::name).toList());
        assertEquals(1, found.images().get(0).missing().size());
        ScrubResult again = store.scrub(0, null);
        assertEquals(found.images(), again.images(), "what is lost is told until it is back");
        try (LocalStore other = LocalStore.open(replica)) {
            ScrubResult mended = store.scrub(0, other);
            assertFalse(mended.lost());
            assertEquals(found.images().get(0).missing(), mended.images().get(0).mended());
        }
        assertEquals(List.of(), store.scrub(0, null).images());
        assertArrayEquals(a, exported("a"));
        assertArrayEquals(b, exported("b"));
    }

    private void flip(String folder, int at) throws IOException {
        Path segment = dir.resolve(folder + "/chunks/00000000.seg");
        try (var file = new java.io.RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(at);
            int value = file.read();
            file.seek(at);
            file.write(value ^ 1);
        }
    }
}
