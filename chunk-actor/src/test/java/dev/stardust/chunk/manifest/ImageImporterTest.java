package dev.stardust.chunk.manifest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.testing.MemoryChunks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageImporterTest {
    @TempDir
    Path dir;

    /** Random runs of data and zeros, both of any number of sectors. */
    static byte[] image(long seed, int sectors) {
        Random random = new Random(seed);
        byte[] bytes = new byte[sectors * 512];
        for (int at = 0; at < bytes.length; ) {
            int n = Math.min(bytes.length - at, 512 * (1 + random.nextInt(random.nextBoolean() ? 10 : 500)));
            if (random.nextBoolean()) {
                byte[] data = new byte[n];
                random.nextBytes(data);
                System.arraycopy(data, 0, bytes, at, n);
            }
            at += n;
        }
        return bytes;
    }

    static byte[] content(Manifest m, MemoryChunks chunks) throws IOException {
        byte[] bytes = new byte[(int) m.sizeBytes()];
        for (int i = 0; i < m.count(); i++) {
            byte[] raw = chunks.fetch(m.id(i));
            assertEquals(m.length(i), raw.length);
            System.arraycopy(raw, 0, bytes, (int) m.offset(i), raw.length);
        }
        return bytes;
    }

    /** Leaves out every second zero block of 4 KiB, so that the file is sparse in a way of its own. */
    private static void writeSparse(Path file, byte[] image) throws IOException {
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int at = 0, zeros = 0; at < image.length; at += 4096) {
                ByteBuffer block = ByteBuffer.wrap(image, at, Math.min(4096, image.length - at));
                boolean zero = block.mismatch(ByteBuffer.allocate(block.remaining())) < 0;
                zeros += zero ? 1 : 0;
                if (!zero || zeros % 2 == 1 || at + 4096 >= image.length) {
                    c.write(block, at);
                }
            }
        }
    }

    @Property(tries = 15)
    void rawAndSparseFilesGiveTheSameManifestAndContent(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 12_000) int sectors) throws Exception {
        Path folder = Files.createTempDirectory("import");
        try {
            byte[] image = image(seed, sectors);
            Files.write(folder.resolve("raw"), image);
            writeSparse(folder.resolve("sparse"), image);
            MemoryChunks chunks = new MemoryChunks();
            ImportResult raw = new ImageImporter(chunks, 3).importImage(folder.resolve("raw"), Progress.NONE);
            ImportResult sparse = new ImageImporter(chunks, 1).importImage(folder.resolve("sparse"), Progress.NONE);
            assertArrayEquals(image, content(raw.manifest(), chunks));
            assertEquals(raw.manifest(), sparse.manifest());
            assertEquals(raw.root(), sparse.root());
            assertEquals(sha256(image), raw.sha256());
            assertEquals(sha256(image), sparse.sha256());
            assertEquals(0, sparse.newChunks());
            assertEquals(0, sparse.storedBytes());
            assertEquals(raw.manifest(), ManifestStore.read(raw.root(), chunks));
        } finally {
            for (String name : new String[] {"raw", "sparse"}) {
                Files.deleteIfExists(folder.resolve(name));
            }
            Files.delete(folder);
        }
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @Property(tries = 15)
    void theManifestDependsNeitherOnThreadsNorOnThePortionsTheDataComesIn(@ForAll long seed) throws IOException {
        byte[] image = image(seed, 5000);
        MemoryChunks chunks = new MemoryChunks();
        NativeBuffer memory = new NativeBuffer(image.length);
        NativeBuffer.copy(image, 0, memory.address(), image.length);
        Random random = new Random(seed);
        Manifest[] manifests = new Manifest[2];
        for (int k = 0; k < 2; k++) {
            try (DataChunker chunker = new DataChunker(chunks, FastCdc.DISK, 1 + 2 * k)) {
                for (int at = 0; at < image.length; ) {
                    int n = Math.min(image.length - at, k == 0 ? 4096 : 4096 * (1 + random.nextInt(200)));
                    chunker.data(at, memory.address() + at, n);
                    at += n;
                }
                manifests[k] = chunker.finish(image.length);
            }
        }
        assertEquals(manifests[0], manifests[1]);
        assertArrayEquals(image, content(manifests[0], chunks));
    }

    @Test
    void longZeroRunsAreNotStored() throws IOException {
        Path file = dir.resolve("image");
        byte[] image = new byte[4 << 20];
        image[1 << 20] = 1;
        Files.write(file, image);
        MemoryChunks chunks = new MemoryChunks();
        ImportResult r = new ImageImporter(chunks).importImage(file, Progress.NONE);
        assertEquals(1, r.manifest().count());
        assertEquals(4096, r.manifest().dataBytes());
    }

    @Test
    void progressEndsAtTheSizeAlsoWhenTheFileEndsInAHole() throws IOException {
        Path file = dir.resolve("image");
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            c.write(ByteBuffer.wrap(new byte[] {1}), (64 << 20) - 1);
            c.write(ByteBuffer.wrap(new byte[] {1}), 5 << 20);
        }
        AtomicLong last = new AtomicLong();
        try (ChunkStore store = ChunkStore.open(dir.resolve("segments"))) {
            ImportResult r = new ImageImporter(store).importImage(file, (done, total) -> {
                assertTrue(done >= last.get() && done <= total);
                last.set(done);
            });
            assertEquals(64 << 20, last.get());
            assertEquals(2, r.chunks());
            assertEquals(r.manifest(), ManifestStore.read(r.root(), store));
        }
    }

    @Test
    void theSinksErrorEndsTheImportWithItsText() throws IOException {
        Path file = dir.resolve("image");
        Files.write(file, image(3, 40_000));
        MemoryChunks chunks = new MemoryChunks();
        chunks.failAfter = 20;
        IOException e =
                assertThrows(IOException.class, () -> new ImageImporter(chunks).importImage(file, Progress.NONE));
        assertTrue(e.getMessage().contains("the sink is full"), e.getMessage());
    }

    @Test
    void whatIsNoDiskImageIsRefusedWithAReason() throws IOException {
        ImageImporter importer = new ImageImporter(new MemoryChunks());
        Path odd = Files.write(dir.resolve("odd"), new byte[513]);
        Path empty = Files.write(dir.resolve("empty"), new byte[0]);
        assertTrue(message(importer, odd).contains("multiple of 512"));
        assertTrue(message(importer, empty).contains("multiple of 512"));
        assertTrue(message(importer, dir).contains("not a regular file"));
        assertTrue(message(importer, dir.resolve("none")).contains("does not exist"));
    }

    private static String message(ImageImporter importer, Path file) {
        return assertThrows(IOException.class, () -> importer.importImage(file, Progress.NONE))
                .getMessage();
    }

    @Test
    void memoryComesBackFromItsPageRunsAsASparseFile() throws IOException {
        byte[] image = image(11, 8 * 1000);
        NativeBuffer memory = new NativeBuffer(image.length);
        NativeBuffer.copy(image, 0, memory.address(), image.length);
        MemoryChunks chunks = new MemoryChunks();
        Manifest m = PageRuns.store(memory.address(), image.length, chunks, 2);
        for (int i = 0; i < m.count(); i++) {
            assertEquals(0, m.offset(i) % 4096);
            assertEquals(m.offset(i) / 65536, (m.end(i) - 1) / 65536, "a run crosses 64 KiB");
        }
        for (int page = 0; page < image.length; page += 4096) {
            boolean zero = NativeBuffer.isZero(memory.address() + page, 4096);
            int i = m.firstEndingAfter(page);
            assertEquals(zero, i == m.count() || m.offset(i) > page, "page at " + page);
        }
        Path target = dir.resolve("base.mem");
        PageRuns.materialise(m, chunks, target);
        assertArrayEquals(image, Files.readAllBytes(target));
    }

    @Test
    void aWrongChunkLeavesNoMaterialisedFile() throws IOException {
        NativeBuffer memory = new NativeBuffer(1 << 20);
        memory.buffer().putInt(5000, 1);
        MemoryChunks chunks = new MemoryChunks();
        Manifest m = PageRuns.store(memory.address(), 1 << 20, chunks, 1);
        Path target = dir.resolve("base.mem");
        assertThrows(IOException.class, () -> PageRuns.materialise(m, id -> new byte[4096], target));
        chunks.chunks.clear();
        assertThrows(IOException.class, () -> PageRuns.materialise(m, chunks, target));
        try (var files = Files.list(dir)) {
            assertFalse(files.findAny().isPresent());
        }
    }
}
