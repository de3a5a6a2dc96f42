package dev.stardust.chunk.tree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.volume.ManifestVolume;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeImageTest {
    @TempDir
    Path dir;

    private ChunkStore store;

    @BeforeEach
    void open() throws IOException {
        store = ChunkStore.open(dir.resolve("chunks"));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private ImportResult store(Path source) throws IOException {
        return TreeImage.store(source, dir.resolve("between"), store, 2);
    }

    private TreeImage read(ImportResult stored) throws IOException {
        return TreeImage.open(stored.manifest(), store).orElseThrow();
    }

    private static byte[] content(TreeImage tree, String path) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        tree.copy(tree.find(path), bytes);
        return bytes.toByteArray();
    }

    private static byte[] random(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** All that a tar holds, a line a name. */
    private List<String> lines(byte[] tar) throws IOException {
        List<String> lines = new ArrayList<>();
        try (Spool spool = new Spool(dir, 1 << 30)) {
            FileTree tree = new FileTree();
            new TarLayer(tree, spool).apply("tar", new ByteArrayInputStream(tar));
            List<FileNode> seen = new ArrayList<>();
            tree.walk((path, node) -> {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                node.content().copyTo(bytes);
                if (!seen.contains(node)) {
                    seen.add(node);
                }
                TreeMap<String, String> xattrs = new TreeMap<>();
                node.xattrs()
                        .forEach((name, value) ->
                                xattrs.put(name, Blake3.hash(value).toString()));
                lines.add(path + " " + node.kind() + " " + seen.indexOf(node) + " " + node.mode() + " " + node.uid()
                        + " " + node.gid() + " " + node.modifiedS() + " " + node.target() + " " + node.major() + ":"
                        + node.minor() + " " + xattrs + " " + Blake3.hash(bytes.toByteArray()));
            });
        }
        return lines;
    }

    private static TestTar sample() {
        return new TestTar()
                .directory("./", 0755)
                .directory("etc", 0711)
                .xattr("user.binary", new byte[] {0, -1, '\n', '='})
                .file("etc/hello", 04750, 1000, 3_000_000, "hello\n".getBytes(StandardCharsets.UTF_8))
                .hardLink("etc/again", "etc/hello")
                .symlink("link", "etc/hello")
                .special("null", TarConstants.LF_CHR, 1, 3)
                .special("fifo", TarConstants.LF_FIFO, 0, 0)
                .file("empty", "")
                .file("same", "hello\n")
                .file("\u00e4\n\"\u20ac", "odd name")
                .xattr("security.capability", random(5, 20))
                .file("long/" + "n".repeat(180), "long")
                .file("large", 0600, 0, 0, random(7, 700_000))
                .file("zeros", 0644, 0, 0, new byte[300_000]);
    }

    @Test
    void aTreeComesBackAsATar() throws IOException {
        byte[] tar = sample().bytes();
        TreeImage tree = read(store(Files.write(dir.resolve("a.tar"), tar)));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        tree.exportTar(out);
        assertEquals(lines(tar), lines(out.toByteArray()));
        assertEquals(lines(tar).size(), tree.names());
        assertArrayEquals(random(7, 700_000), content(tree, "/large"));
        assertArrayEquals(new byte[300_000], content(tree, "./zeros"));
        assertEquals("hello\n", new String(content(tree, "etc/again"), StandardCharsets.UTF_8));
        assertThrows(NoSuchFileException.class, () -> tree.find("etc/never"));
        assertThrows(BadArchiveException.class, () -> tree.find("../etc"));
    }

    @Test
    void whatTarUnpacksOfItIsTheFolderThatWasStored() throws Exception {
        Path folder = Files.createDirectories(dir.resolve("folder/deep"));
        Files.writeString(folder.resolve("a"), "a");
        Files.createLink(folder.resolve("b"), folder.resolve("a"));
        Files.createSymbolicLink(folder.resolve("c"), Path.of("../nowhere"));
        Files.write(folder.resolve("d"), random(1, 100_000));
        TreeImage tree = read(store(dir.resolve("folder")));
        Path unpacked = Files.createDirectory(dir.resolve("unpacked"));
        Process tar = new ProcessBuilder("tar", "-xp", "--xattrs", "--xattrs-include=*", "-C", unpacked.toString())
                .inheritIO()
                .redirectInput(ProcessBuilder.Redirect.PIPE)
                .start();
        tree.exportTar(tar.getOutputStream());
        assertEquals(0, tar.waitFor());
        Process diff = new ProcessBuilder(
                        "diff", "-r", "--no-dereference", dir.resolve("folder").toString(), unpacked.toString())
                .inheritIO()
                .start();
        assertEquals(0, diff.waitFor());
        assertEquals(
                Files.getAttribute(unpacked.resolve("deep/a"), "unix:ino"),
                Files.getAttribute(unpacked.resolve("deep/b"), "unix:ino"));
    }

    private TestTar manySmall(int count, int without) {
        TestTar tar = new TestTar();
        for (int i = 0; i < count; i++) {
            if (i != without) {
                tar.file("f" + i, 0644, 0, 0, random(i, 50 + i % 300));
            }
        }
        return tar;
    }

    @Test
    void smallFilesArePackedFoundByTheirHashAndStoredOnceThoughOneIsMissing() throws IOException {
        ImportResult all =
                store(Files.write(dir.resolve("all.tar"), manySmall(3_000, -1).bytes()));
        assertTrue(all.chunks() < 60, all.chunks() + " chunks for 3,000 files");
        TreeImage tree = read(all);
        byte[] file = random(1_234, 50 + 1_234 % 300);
        assertArrayEquals(file, content(tree, "f1234"));
        ByteArrayOutputStream found = new ByteArrayOutputStream();
        assertTrue(tree.copy(Blake3.hash(file), found));
        assertArrayEquals(file, found.toByteArray());
        assertFalse(tree.copy(new ChunkId(1, 2, 3, 4), new ByteArrayOutputStream()));

        ImportResult less = store(
                Files.write(dir.resolve("less.tar"), manySmall(3_000, 1_500).bytes()));
        assertTrue(less.storedBytes() < all.storedBytes() / 3, less.storedBytes() + " more after " + all.storedBytes());
        assertThrows(NoSuchFileException.class, () -> read(less).find("f1500"));
    }

    @Test
    void listingAndTrailerAreTheGoldenOnes() throws IOException {
        TestTar tar = new TestTar()
                .xattr("user.x", new byte[] {1, 2, 3})
                .file("b", 0640, 7, 8, "b".getBytes(StandardCharsets.UTF_8))
                .directory("a", 0755)
                .symlink("a/l", "../b")
                .hardLink("c", "b");
        ImportResult stored = store(Files.write(dir.resolve("a.tar"), tar.bytes()));
        int size = (int) stored.sizeBytes();
        NativeBuffer all = new NativeBuffer(size);
        ManifestVolume.of(stored.manifest(), store).read(0, all.address(), size);
        String listing =
                """
                {"kind":"d","mode":493}
                {"path":"a","kind":"d","mode":493,"modifiedS":1000000000}
                {"path":"a/l","kind":"l","target":"../b","mode":511,"modifiedS":1000000000}
                {"path":"b","kind":"f","mode":416,"uid":7,"gid":8,"modifiedS":1000000000,"xattrs":{"user.x":"AQID"},"sizeBytes":1,"number":0}
                {"path":"c","kind":"h","target":"b"}
                """;
        byte[] found = new byte[listing.length()];
        all.buffer().get(4096, found);
        assertEquals(listing, new String(found, StandardCharsets.UTF_8));
        byte[] trailer = new byte[64];
        all.buffer().get(size - 64, trailer);
        assertEquals(
                "5354534454524545" + "0100000000000000" + "0010000000000000"
                        + String.format("%02x%02x", listing.length() % 256, listing.length() / 256) + "000000000000"
                        + "0500000000000000" + "00".repeat(24),
                HexFormat.of().formatHex(trailer));
    }

    @Test
    void trailersOfOtherVersionsAndPlacesAreRefused() throws IOException {
        ByteBuffer trailer = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        new TreeWriter.Trailer(4096, 100, 2).putTo(trailer);
        assertEquals(new TreeWriter.Trailer(4096, 100, 2), TreeWriter.Trailer.of(trailer, 4096 + 100 + 64));
        assertThrows(BadArchiveException.class, () -> TreeWriter.Trailer.of(trailer, 4096 + 100 + 63));
        for (long wrong : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            for (int at : new int[] {16, 24}) {
                ByteBuffer bad = ByteBuffer.wrap(trailer.array().clone()).order(ByteOrder.LITTLE_ENDIAN);
                bad.putLong(at, wrong);
                assertThrows(BadArchiveException.class, () -> TreeWriter.Trailer.of(bad, 1 << 20), at + ": " + wrong);
            }
        }
        trailer.putInt(8, 2);
        assertTrue(assertThrows(BadArchiveException.class, () -> TreeWriter.Trailer.of(trailer, 1 << 20))
                .getMessage()
                .contains("version 2"));
        trailer.put(0, (byte) 'x');
        assertEquals(null, TreeWriter.Trailer.of(trailer, 1 << 20));
    }

    @Test
    void namesThatLeadToEachOtherAreRefused() throws IOException {
        byte[] listing =
                "{\"path\":\"a\",\"kind\":\"h\",\"target\":\"b\"}\n{\"path\":\"b\",\"kind\":\"h\",\"target\":\"a\"}\n"
                        .getBytes(StandardCharsets.UTF_8);
        ByteBuffer image = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        int listingAt = 4096 - 64 - listing.length;
        image.put(listingAt, listing);
        ByteBuffer trailer = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        new TreeWriter.Trailer(listingAt, listing.length, 2).putTo(trailer);
        image.put(4096 - 64, trailer.array());
        ImportResult forged = new dev.stardust.chunk.manifest.ImageImporter(store)
                .importImage(Files.write(dir.resolve("forged"), image.array()), (done, total) -> {});
        TreeImage tree = TreeImage.open(forged.manifest(), store).orElseThrow();
        assertTrue(assertThrows(BadArchiveException.class, () -> tree.find("a"))
                .getMessage()
                .contains("/a is one more name of /b"));
    }

    @Test
    void whatIsNoTreeIsToldFromOne() throws IOException {
        assertThrows(BadArchiveException.class, () -> store(Files.write(dir.resolve("raw"), random(1, 4096))));
        ImportResult disk = new dev.stardust.chunk.manifest.ImageImporter(store)
                .importImage(Files.write(dir.resolve("disk"), random(1, 4096)), (done, total) -> {});
        assertTrue(TreeImage.open(disk.manifest(), store).isEmpty());
    }

    @Property(tries = 300)
    void damagedListingsAreReadOrRefused(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        byte[] line = "{\"path\":\"a\",\"kind\":\"f\",\"mode\":420,\"sizeBytes\":9,\"at\":77,\"number\":3}"
                .getBytes(StandardCharsets.US_ASCII);
        for (int i = random.nextInt(5); i >= 0; i--) {
            line[random.nextInt(line.length)] = (byte) (32 + random.nextInt(95));
        }
        try {
            TreeEntry entry = TreeImage.entry(line);
            assertTrue(entry.path() != null && entry.kind() != null);
        } catch (IOException e) {
            assertFalse(e.getMessage().isEmpty());
        }
    }
}
