package dev.stardust.chunk.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.StreamData;
import dev.stardust.chunk.testing.Disposal;
import dev.stardust.chunk.volume.LayeredVolume;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalVolumesTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path dir;

    private LocalStore store;
    private LocalVolumes volumes;

    @BeforeEach
    void open() throws IOException {
        store = LocalStore.open(dir.resolve("store"));
        volumes = store.volumes();
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private void reopen() throws IOException {
        store.close();
        open();
    }

    private static byte[] random(int seed, int bytes) {
        byte[] data = new byte[bytes];
        new Random(seed).nextBytes(data);
        return data;
    }

    private static void addImage(LocalStore store, String name, byte[] content) throws IOException {
        store.importImage(
                name, new StreamData(name, new ByteArrayInputStream(content), content.length), false, Progress.NONE);
    }

    private static void write(LocalStore store, String name, long offset, byte[] bytes) throws IOException {
        try (LayeredVolume v = store.volumes().open(name)) {
            VolumeStreams.write(v, offset, new ByteArrayInputStream(bytes));
        }
    }

    private static byte[] content(LocalStore store, String name) throws IOException {
        try (LayeredVolume v = store.volumes().open(name)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            VolumeStreams.read(v, 0, v.sizeBytes(), out);
            return out.toByteArray();
        }
    }

    private List<String> diff(String one, String other) throws IOException {
        List<String> ranges = new ArrayList<>();
        volumes.diff(one, other, (offset, length) -> ranges.add(offset + "+" + length));
        return ranges;
    }

    private List<Path> files(String folder) throws IOException {
        try (Stream<Path> all = Files.list(dir.resolve("store").resolve(folder))) {
            return all.toList();
        }
    }

    @Test
    void aVolumeWhoseMakingACrashCutShortIsGoneWhenTheStoreIsOpened() throws IOException {
        volumes.create("whole", MIB);
        Files.createFile(dir.resolve("store/volumes/begun.tiny"));
        reopen();
        assertEquals(List.of("whole"), volumes.names());
        volumes.create("begun", MIB);
        assertArrayEquals(new byte[MIB], content(store, "begun"));
    }

    /** What each volume holds is compared with plain arrays, whatever is done to them in whatever order. */
    @Property(tries = 25)
    void volumesHoldWhatWasWritten(@ForAll long seed) throws IOException {
        Path folder = Files.createTempDirectory("volumes");
        try {
            new Model(folder, new Random(seed)).run();
        } finally {
            Disposal.delete(folder);
        }
    }

    /** Volumes and what they must hold. */
    private static final class Model {
        private static final int MAX_SECTORS = 900;

        private final Path folder;
        private final Random random;
        private final TreeMap<String, byte[]> expected = new TreeMap<>();
        private LocalStore store;
        private int number;

        Model(Path folder, Random random) {
            this.folder = folder;
            this.random = random;
        }

        void run() throws IOException {
            store = LocalStore.open(folder);
            try {
                byte[] image = new byte[512 * (1 + random.nextInt(MAX_SECTORS))];
                random.nextBytes(image);
                Arrays.fill(image, image.length / 3, image.length / 2, (byte) 0);
                addImage(store, "image", image);
                store.volumes().createFrom("v0", store.image("image"));
                expected.put("v0", image);
                for (int step = 0; step < 60; step++) {
                    step();
                }
                for (String name : expected.keySet()) {
                    assertArrayEquals(expected.get(name), content(store, name), name);
                }
            } finally {
                store.close();
            }
        }

        private String any() {
            List<String> names = List.copyOf(expected.keySet());
            return names.get(random.nextInt(names.size()));
        }

        private void step() throws IOException {
            String name = any();
            byte[] bytes = expected.get(name);
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> {
                    int offset = random.nextInt(bytes.length);
                    byte[] data = new byte[1 + random.nextInt(Math.min(bytes.length - offset, 150_000))];
                    random.nextBytes(data);
                    write(store, name, offset, data);
                    System.arraycopy(data, 0, bytes, offset, data.length);
                }
                case 4 -> {
                    int offset = random.nextInt(bytes.length);
                    int length = 1 + random.nextInt(bytes.length - offset);
                    try (LayeredVolume v = store.volumes().open(name)) {
                        v.zero(offset, length);
                    }
                    Arrays.fill(bytes, offset, offset + length, (byte) 0);
                }
                case 5 -> store.volumes().deduplicate(name);
                case 6, 7 -> {
                    if (expected.size() < 6) {
                        String clone = "v" + ++number;
                        store.volumes().clone(name, clone);
                        expected.put(clone, bytes.clone());
                    }
                }
                case 8 -> {
                    int sectors = 1 + random.nextInt(MAX_SECTORS);
                    store.volumes().resize(name, 512L * sectors);
                    expected.put(name, Arrays.copyOf(bytes, 512 * sectors));
                }
                case 9 -> store.volumes().seal(name, "sealed" + ++number);
                case 10 -> {
                    store.collect(false);
                    if (expected.size() > 1) {
                        store.volumes().remove(name);
                        expected.remove(name);
                    }
                }
                default -> {
                    store.close();
                    store = LocalStore.open(folder);
                    assertArrayEquals(bytes, content(store, name), name);
                }
            }
        }
    }

    @Test
    void aNewVolumeIsAFileOf64BytesAndIsZero() throws IOException {
        volumes.create("v", 1L << 40);
        assertEquals(
                List.of(64L),
                files("volumes").stream().map(f -> f.toFile().length()).toList());
        try (LayeredVolume v = volumes.open("v")) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            VolumeStreams.read(v, (1L << 40) - MIB, MIB, out);
            assertArrayEquals(new byte[MIB], out.toByteArray());
        }
    }

    @Test
    void clonesShareWhatTheyHadAndGoTheirOwnWays() throws IOException {
        byte[] image = random(1, MIB);
        addImage(store, "image", image);
        volumes.createFrom("a", store.image("image"));
        write(store, "a", 1000, random(2, 5000));
        volumes.clone("a", "b");
        volumes.clone("b", "c");
        assertArrayEquals(content(store, "a"), content(store, "c"));
        write(store, "a", 0, random(3, 100));
        byte[] a = content(store, "a");
        byte[] b = content(store, "b");
        assertFalse(Arrays.equals(a, b));
        assertArrayEquals(b, content(store, "c"));
        assertEquals(List.of("0+4096"), diff("a", "b"));
        assertEquals(List.of(), diff("b", "c"));
        volumes.reset("a");
        assertArrayEquals(b, content(store, "a"));
        assertEquals(2, volumes.info("a").layers());
        assertEquals("image", volumes.info("a").image());
    }

    @Test
    void whatTwoVolumesWroteAlikeIsStoredOnceOnceItIsDeduplicated() throws IOException {
        byte[] data = random(4, 2 * MIB);
        volumes.create("a", 8L * MIB);
        volumes.create("b", 8L * MIB);
        write(store, "a", 0, data);
        write(store, "b", 4L * MIB, data);
        long before = store.usage().store().storedBytes();
        assertEquals(2L * MIB, volumes.deduplicate("a"));
        long once = store.usage().store().storedBytes();
        assertEquals(2L * MIB, volumes.deduplicate("b"));
        assertTrue(once - before >= 2L * MIB);
        assertEquals(once, store.usage().store().storedBytes());
        assertEquals(0, volumes.info("a").deltaBytes());
        assertEquals(2L * MIB, volumes.info("a").ownBytes());
        assertArrayEquals(Arrays.copyOf(data, 8 * MIB), content(store, "a"));
        for (Path file : files("volumes")) {
            assertTrue(spaceOf(file) < MIB / 4, file + " takes " + spaceOf(file));
        }
    }

    /** Bytes that a file takes on the disk. */
    private static long spaceOf(Path file) throws IOException {
        Process du = new ProcessBuilder("du", "-B1", file.toString()).start();
        return Long.parseLong(
                new String(du.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).split("\t")[0]);
    }

    @Test
    void discardGivesSpaceBack() throws IOException {
        volumes.create("v", 16L * MIB);
        write(store, "v", 0, random(5, 8 * MIB));
        Path delta = files("volumes").stream()
                .filter(f -> f.toString().endsWith(".delta"))
                .findFirst()
                .orElseThrow();
        assertTrue(spaceOf(delta) >= 8L * MIB);
        try (LayeredVolume v = volumes.open("v")) {
            v.zero(0, 8L * MIB);
        }
        assertTrue(spaceOf(delta) < MIB / 4, "takes " + spaceOf(delta));
        assertArrayEquals(new byte[16 * MIB], content(store, "v"));
    }

    @Test
    void whatIsWrittenWhileItIsDeduplicatedIsNotLost() throws Exception {
        volumes.create("v", 4L * MIB);
        byte[] expected = new byte[4 * MIB];
        try (LayeredVolume v = volumes.open("v")) {
            Thread writer = new Thread(() -> {
                Random random = new Random(6);
                for (int i = 0; i < 3000; i++) {
                    byte[] data = random(i, 1 + random.nextInt(9000));
                    int offset = random.nextInt(expected.length - data.length);
                    System.arraycopy(data, 0, expected, offset, data.length);
                    try {
                        VolumeStreams.write(v, offset, new ByteArrayInputStream(data));
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                }
            });
            writer.start();
            long moved = 0;
            while (writer.isAlive()) {
                moved += volumes.deduplicate(v);
            }
            writer.join();
            assertTrue(moved > 0);
        }
        assertArrayEquals(expected, content(store, "v"));
        store.collect(false);
        assertArrayEquals(expected, content(store, "v"));
    }

    @Test
    void collectionsKeepWhatVolumesNeedAndFreeTheRest() throws IOException {
        byte[] image = random(7, 2 * MIB);
        addImage(store, "image", image);
        volumes.createFrom("a", store.image("image"));
        write(store, "a", 0, random(8, MIB));
        volumes.deduplicate("a");
        volumes.clone("a", "b");
        store.remove("image");
        volumes.remove("a");
        store.collect(false);
        reopen();
        byte[] expected = image.clone();
        System.arraycopy(random(8, MIB), 0, expected, 0, MIB);
        assertArrayEquals(expected, content(store, "b"));
        assertEquals(2, files("layers").size(), "a layer and its delta");
        volumes.remove("b");
        store.collect(false);
        assertEquals(0, files("layers").size());
        assertEquals(0, files("volumes").size());
        assertEquals(0, store.usage().store().chunks());
    }

    @Test
    void aSealedVolumeIsAnImageAndHasOneLayer() throws IOException {
        byte[] image = random(9, MIB);
        addImage(store, "image", image);
        volumes.createFrom("v", store.image("image"));
        for (int i = 0; i < 5; i++) {
            write(store, "v", 100_000L * i, random(20 + i, 3000));
            volumes.clone("v", "c" + i);
        }
        assertEquals(6, volumes.info("v").layers());
        byte[] expected = content(store, "v");
        volumes.seal("v", "sealed");
        assertEquals(1, volumes.info("v").layers());
        assertEquals("sealed", volumes.info("v").image());
        assertArrayEquals(expected, content(store, "v"));
        Path out = dir.resolve("out");
        store.export("sealed", out, Progress.NONE);
        assertArrayEquals(expected, Files.readAllBytes(out));
        assertThrows(FileAlreadyExistsException.class, () -> volumes.seal("v", "sealed"));
        long unchanged = store.usage().images().stream()
                .filter(i -> i.name().equals("sealed"))
                .findFirst()
                .orElseThrow()
                .ownBytes();
        assertTrue(unchanged < MIB / 2, "chunks that were not touched are shared");
    }

    @Test
    void whatWasCutOffIsGone() throws IOException {
        addImage(store, "image", random(10, MIB));
        volumes.createFrom("v", store.image("image"));
        byte[] start = Arrays.copyOf(content(store, "v"), MIB / 2);
        volumes.resize("v", MIB / 2);
        volumes.resize("v", 2L * MIB);
        assertArrayEquals(Arrays.copyOf(start, 2 * MIB), content(store, "v"));
        volumes.seal("v", "sealed");
        assertArrayEquals(Arrays.copyOf(start, 2 * MIB), content(store, "v"));
    }

    @Test
    void filesThatACrashHasLeftGo() throws IOException {
        volumes.create("v", MIB);
        write(store, "v", 0, random(11, 5000));
        volumes.create("gone", MIB);
        write(store, "gone", 0, random(11, 5000));
        for (Path file : files("volumes")) {
            if (file.endsWith("gone.tiny")) {
                Files.delete(file);
            }
        }
        Path folder = dir.resolve("store/volumes");
        Files.write(folder.resolve("v.00000001.delta"), new byte[100]);
        Files.write(dir.resolve("store/layers/" + "ab".repeat(32) + ".tiny"), new byte[64]);
        reopen();
        assertEquals(2, files("volumes").size(), files("volumes")::toString);
        store.collect(false);
        assertEquals(0, files("layers").size());
        assertArrayEquals(random(11, 5000), Arrays.copyOf(content(store, "v"), 5000));
    }

    @Test
    void badRequestsAreRefusedAndTellWhy() throws IOException {
        volumes.create("v", MIB);
        assertThrows(FileAlreadyExistsException.class, () -> volumes.create("v", MIB));
        assertThrows(FileAlreadyExistsException.class, () -> volumes.clone("v", "v"));
        assertThrows(NoSuchFileException.class, () -> volumes.open("w"));
        assertThrows(NoSuchFileException.class, () -> volumes.clone("w", "x"));
        assertTrue(assertThrows(IOException.class, () -> volumes.create("../w", MIB))
                .getMessage()
                .contains("no name for a volume"));
        assertTrue(assertThrows(IOException.class, () -> volumes.create("w", 1000))
                .getMessage()
                .contains("multiple of 512"));
        write(store, "v", 0, random(12, 10));
        try (LayeredVolume v = volumes.open("v")) {
            assertTrue(assertThrows(IOException.class, () -> volumes.clone("v", "w"))
                    .getMessage()
                    .contains("in use"));
            assertThrows(IOException.class, () -> volumes.remove("v"));
            assertThrows(IOException.class, () -> volumes.reset("v"));
            assertThrows(
                    IOException.class, () -> VolumeStreams.write(v, MIB - 10, new ByteArrayInputStream(new byte[20])));
        }
        assertEquals(List.of("v"), volumes.names());
    }
}
