package dev.stardust.chunk.volume;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.shared.SharedDisks;
import dev.stardust.chunk.shared.SharedView;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.SegmentReader;
import dev.stardust.chunk.testing.Child;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedVolumeTest {
    private static final int SIZE = 24 << 20;
    private static final long LIMIT = 1 << 30;
    private static final long DEADLINE_NS = 60_000_000_000L;

    @TempDir
    Path dir;

    /** In memory, as a node has it. */
    private Path folder;

    private ChunkStore store;
    private SegmentReader reader;
    private byte[] image;
    private ImportResult imported;
    private Path extents;
    private SharedDisks disks;

    @BeforeEach
    void importAnImage() throws IOException {
        folder = Files.createTempDirectory(Path.of("/dev/shm"), "stardust-test-");
        store = ChunkStore.open(dir.resolve("segments"));
        reader = new SegmentReader(dir.resolve("segments"), store.uuid());
        image = new byte[SIZE];
        System.arraycopy(Disks.random(1, SIZE - (2 << 20)), 0, image, 1 << 20, SIZE - (2 << 20));
        Files.write(dir.resolve("image"), image);
        imported = new ImageImporter(store).importImage(dir.resolve("image"), Progress.NONE);
        extents = dir.resolve("disk-0.extents");
        ExtentMap.write(extents, imported.manifest(), imported.root(), store);
        disks = new SharedDisks(folder, store, LIMIT);
    }

    @AfterEach
    void close() throws Exception {
        disks.close();
        reader.close();
        store.close();
        assertEquals(List.of(), names());
        Files.delete(folder);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private Optional<SharedView> view() throws IOException {
        return SharedView.open(
                folder,
                imported.root(),
                imported.manifest().sizeBytes(),
                imported.manifest().count());
    }

    private SharedVolume open(List<Integer> missed) throws IOException {
        return SharedVolume.of(ExtentMap.open(extents), reader, view().orElseThrow(), missed::add);
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    private int[] all() {
        return IntStream.range(0, imported.manifest().count()).toArray();
    }

    private void awaitFilled(long bytes) throws InterruptedException {
        long start = System.nanoTime();
        while (disks.filledBytes() < bytes && System.nanoTime() - start < DEADLINE_NS) {
            Thread.sleep(1);
        }
        assertEquals(bytes, disks.filledBytes());
    }

    private long dataBytes() {
        return IntStream.of(all()).mapToLong(imported.manifest()::length).sum();
    }

    private void fillAll() throws Exception {
        disks.use("a", imported.root(), imported.manifest());
        disks.use("b", imported.root(), imported.manifest());
        disks.want(imported.root(), all());
        awaitFilled(dataBytes());
        try (SharedView view = view().orElseThrow()) {
            long start = System.nanoTime();
            for (int i = 0; i < imported.manifest().count(); i++) {
                while (!view.has(i) && System.nanoTime() - start < DEADLINE_NS) {
                    Thread.sleep(1);
                }
            }
        }
    }

    @Test
    void whatOneReaderMissedTheNextFindsAndBothReadTheImage() throws Exception {
        disks.use("a", imported.root(), imported.manifest());
        List<Integer> missed = new ArrayList<>();
        try (SharedVolume first = open(missed)) {
            assertArrayEquals(Arrays.copyOf(image, 5 << 20), Disks.read(first, 0, 5 << 20));
            assertFalse(missed.isEmpty());
            disks.want(imported.root(), ints(missed));
            assertEquals(0, disks.filledBytes(), "one reader has nobody to share with");

            disks.use("b", imported.root(), imported.manifest());
            long bytes = missed.stream()
                    .distinct()
                    .mapToLong(i -> imported.manifest().length(i))
                    .sum();
            awaitFilled(bytes);
            fillAll();
            List<Integer> none = new ArrayList<>();
            try (SharedVolume second = open(none)) {
                assertArrayEquals(image, Disks.readAll(second));
                assertEquals(List.of(), none);
                assertArrayEquals(image, Disks.readAll(first));
            }
        }
    }

    @Test
    void readersKeepWhatTheyHaveMappedWhenItIsSharedNoMore() throws Exception {
        fillAll();
        try (SharedVolume volume = open(new ArrayList<>())) {
            disks.release("a");
            assertEquals(1, names().size());
            disks.release("b");
            awaitGone();
            assertArrayEquals(image, Disks.readAll(volume));
        }
        assertEquals(Optional.empty(), view());
        awaitFilled(0);
    }

    private void awaitGone() throws Exception {
        long start = System.nanoTime();
        while (!names().isEmpty() && System.nanoTime() - start < DEADLINE_NS) {
            Thread.sleep(1);
        }
        assertEquals(List.of(), names());
    }

    @Test
    void noMoreMemoryIsTakenThanAllowed() throws Exception {
        disks.close();
        disks = new SharedDisks(folder, store, 3 << 20);
        disks.use("a", imported.root(), imported.manifest());
        disks.use("b", imported.root(), imported.manifest());
        disks.want(imported.root(), all());
        disks.want(imported.root(), new int[] {-1, 1 << 30});
        disks.want(ChunkId.ZERO, all());
        disks.close();
        assertTrue(disks.filledBytes() <= 3 << 20);
    }

    @Test
    void aFileThatIsNotTheDiskIsRefused() throws Exception {
        disks.use("a", imported.root(), imported.manifest());
        Path file = folder.resolve(names().get(0));
        assertThrows(
                IOException.class,
                () -> SharedView.open(
                        folder,
                        imported.root(),
                        imported.manifest().sizeBytes() - 4096,
                        imported.manifest().count()));
        byte[] bytes = Files.readAllBytes(file);
        bytes[30] ^= 1;
        Files.write(file, bytes);
        assertThrows(IOException.class, this::view);
    }

    /** A process that reads the whole disk and tells how: arguments are segments, extents and folder, or - for none. */
    static final class Reader {
        public static void main(String[] args) throws IOException {
            ExtentMap map = ExtentMap.open(Path.of(args[1]));
            SegmentReader reader = new SegmentReader(Path.of(args[0]), map.store());
            boolean shared = !args[2].equals("-");
            Volume volume = shared
                    ? SharedVolume.of(
                            map,
                            reader,
                            SharedView.open(Path.of(args[2]), map.manifest(), map.sizeBytes(), map.count())
                                    .orElseThrow(),
                            missed -> {})
                    : ManifestVolume.of(map, reader);
            long before = readBytes();
            byte[] content = Disks.readAll(volume);
            System.out.println("read " + (readBytes() - before));
            System.out.println("content " + Arrays.hashCode(content));
            System.out.println("ready 0");
            System.in.read(); // The other one is there now.
            System.out.println("rss " + ofDisk("Rss:"));
            System.out.println("pss " + ofDisk("Pss:"));
        }

        private static long readBytes() throws IOException {
            return Files.readAllLines(Path.of("/proc/self/io")).stream()
                    .filter(line -> line.startsWith("read_bytes:"))
                    .mapToLong(Reader::number)
                    .sum();
        }

        /** Of the mapping of the shared disk, in KiB. */
        private static long ofDisk(String field) throws IOException {
            boolean inside = false;
            long sum = 0;
            for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
                if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                    inside = line.endsWith(".disk");
                } else if (inside && line.startsWith(field)) {
                    sum += number(line);
                }
            }
            return sum;
        }

        private static long number(String line) {
            return Long.parseLong(line.replaceAll("\\D", ""));
        }
    }

    private void dropSegmentsFromTheCache() throws Exception {
        try (Stream<Path> files = Files.list(dir.resolve("segments"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".seg")).toList()) {
                Process drop = new ProcessBuilder("dd", "if=" + file, "iflag=nocache", "count=0", "status=none")
                        .inheritIO()
                        .start();
                assertTrue(drop.waitFor(60, TimeUnit.SECONDS) && drop.exitValue() == 0);
            }
        }
    }

    private Map<String, Long> told(Child.Talking child, String until) throws IOException {
        return child.numbersUntil(until);
    }

    @Test
    void aFurtherReaderReadsNothingFromTheDiskAndSharesTheMemory() throws Exception {
        fillAll();
        store.close();
        dropSegmentsFromTheCache();
        String segments = dir.resolve("segments").toString();
        try (Child.Talking first = Child.talking(Reader.class, segments, extents.toString(), folder.toString());
                Child.Talking second = Child.talking(Reader.class, segments, extents.toString(), folder.toString())) {
            for (Child.Talking child : List.of(first, second)) {
                Map<String, Long> told = told(child, "ready");
                assertEquals(0, told.get("read"));
                assertEquals(Arrays.hashCode(image), told.get("content"));
            }
            first.say("\n");
            Map<String, Long> memory = told(first, "pss");
            assertTrue(memory.get("rss") * 1024 >= dataBytes(), memory.toString());
            // This process, which filled it, has only its head mapped.
            assertTrue(memory.get("pss") <= memory.get("rss") / 2 + 64, memory.toString());
        }
        dropSegmentsFromTheCache();
        try (Child.Talking alone = Child.talking(Reader.class, segments, extents.toString(), "-")) {
            Map<String, Long> told = told(alone, "ready");
            assertTrue(told.get("read") >= dataBytes(), "the cache was not dropped: " + told);
            assertEquals(Arrays.hashCode(image), told.get("content"));
        }
        store = ChunkStore.open(dir.resolve("segments"));
    }
}
