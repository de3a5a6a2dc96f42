package dev.stardust.chunk.tree;

import static dev.stardust.chunk.tree.Ext4Look.output;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveImageTest {
    private static final byte[] BINARY = {1, 0, 0, 2, (byte) 0xff, (byte) 0xc0, '\n', '=', 0};
    private static final String LONG_NAME = "long-" + "n".repeat(200);

    @TempDir
    Path dir;

    private String look(String request) throws Exception {
        return Ext4Look.look(dir.resolve("image"), request);
    }

    /** Names in a directory of the image. */
    private List<String> names(String folder) throws Exception {
        return Stream.of(look("ls -p " + folder).split("\n"))
                .filter(line -> line.startsWith("/"))
                .map(line -> line.split("/")[5])
                .filter(name -> !name.equals(".") && !name.equals("..") && !name.equals("lost+found"))
                .sorted()
                .toList();
    }

    private void make(Path archive) throws Exception {
        assertTrue(ArchiveImage.is(archive));
        Path between = Files.createDirectories(dir.resolve("between"));
        Path image = dir.resolve("image");
        Files.deleteIfExists(image);
        ArchiveImage.make(archive, Files.createFile(image), between);
        output("e2fsck", "-fn", image.toString());
        try (Stream<Path> left = Files.list(between)) {
            assertEquals(List.of(), left.toList());
        }
    }

    private String refusal(Path archive) {
        Path between = dir.resolve("between");
        return assertThrows(
                        BadArchiveException.class,
                        () -> ArchiveImage.make(archive, dir.resolve("never"), Files.createDirectories(between)))
                .getMessage();
    }

    private Path write(String name, byte[] bytes) throws IOException {
        return Files.write(dir.resolve(name), bytes);
    }

    private static TestTar tree() {
        return new TestTar()
                .directory("./", 0755)
                .directory("etc", 0711)
                .xattr("user.binary", BINARY)
                .file("etc/hello", 04750, 1000, 70_000, "hello\n".getBytes(StandardCharsets.UTF_8))
                .hardLink("etc/again", "etc/hello")
                .symlink("link", "etc/hello")
                .special("null", TarConstants.LF_CHR, 1, 3)
                .special("fifo", TarConstants.LF_FIFO, 0, 0)
                .file("made/on/the/way", "x")
                .file(LONG_NAME, "long");
    }

    @Test
    void aTarBecomesAFileSystemWithAllThatTarsHold() throws Exception {
        make(write("root.tar", tree().bytes()));
        assertEquals(List.of("etc", "fifo", "link", LONG_NAME, "made", "null"), names("/"));
        assertEquals("hello\n", look("cat /etc/again"));
        String hello = look("stat /etc/hello");
        assertTrue(
                hello.contains("Mode:  04750")
                        && hello.contains("User:  1000")
                        && hello.contains("Group: 70000")
                        && hello.contains("Links: 2")
                        && hello.contains("2001"),
                hello);
        String xattr = look("ea_get -x /etc/hello user.binary");
        assertTrue(xattr.replace(" ", "").contains("01000002ffc00a3d00"), xattr);
        assertTrue(look("stat /etc").contains("Mode:  0711"));
        assertTrue(look("stat /link").contains("Fast link dest: \"etc/hello\""));
        String device = look("stat /null");
        assertTrue(device.contains("character special") && device.contains("01:03"), device);
        assertTrue(look("stat /fifo").contains("FIFO"));
        assertEquals("long", look("cat /" + LONG_NAME));
    }

    @Test
    void compressedTarsAreTarsAndOtherCompressedFilesAreNot() throws Exception {
        make(write("root.tar.gz", TestOci.gzip(tree().bytes())));
        assertEquals("hello\n", look("cat /etc/hello"));
        make(write("root.tar.zst", Zstd.compress(tree().bytes())));
        assertEquals("hello\n", look("cat /etc/hello"));
        byte[] gzip = TestOci.gzip(new byte[10_000]);
        assertFalse(ArchiveImage.is(write("zeros.gz", gzip)));
        assertFalse(ArchiveImage.is(write("cut.gz", Arrays.copyOf(gzip, 12))));
        assertFalse(ArchiveImage.is(write("short.gz", new byte[] {0x1f, (byte) 0x8b, 1})));
        assertFalse(ArchiveImage.is(write("short.zst", new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 9, 9})));
        assertFalse(ArchiveImage.is(write("empty", new byte[0])));
    }

    private static byte[][] layers() {
        return new byte[][] {
            new TestTar()
                    .directory("etc", 0755)
                    .file("etc/kept", "kept")
                    .file("etc/gone", "gone")
                    .file("etc/newer", "old")
                    .file("opaque/old", "old")
                    .symlink("lib", "usr/lib")
                    .directory("usr/lib", 0755)
                    .bytes(),
            new TestTar()
                    .file("etc/.wh.gone", "")
                    .file("etc/newer", "new")
                    .file("opaque/.wh..wh..opq", "")
                    .file("opaque/new", "new")
                    .file("lib/over-a-link", "x")
                    .bytes()
        };
    }

    private void assertLayersAreApplied() throws Exception {
        assertEquals(List.of("kept", "newer"), names("/etc"));
        assertEquals("new", look("cat /etc/newer"));
        assertEquals(List.of("new"), names("/opaque"));
        assertEquals(List.of("over-a-link"), names("/usr/lib"));
        assertTrue(look("stat /lib").contains("Fast link dest: \"usr/lib\""));
    }

    @Test
    void layersOfAnOciLayoutAreApplied() throws Exception {
        Path layout = dir.resolve("layout");
        TestOci.layout(layout, layers());
        make(layout);
        assertLayersAreApplied();
        output("tar", "-cf", dir.resolve("layout.tar").toString(), "-C", layout.toString(), ".");
        make(dir.resolve("layout.tar"));
        assertLayersAreApplied();
    }

    @Test
    void layersOfADockerArchiveAreApplied() throws Exception {
        make(write("docker.tar", TestOci.dockerArchive(layers())));
        assertLayersAreApplied();
    }

    @Test
    void damagedImagesOfContainersAreRefused() throws Exception {
        Path layout = dir.resolve("layout");
        TestOci.layout(layout, layers());
        List<Path> blobs;
        try (Stream<Path> files = Files.list(layout.resolve("blobs/sha256"))) {
            blobs = files.toList();
        }
        for (Path blob : blobs) {
            byte[] sound = Files.readAllBytes(blob);
            byte[] damaged = sound.clone();
            damaged[damaged.length - 1] ^= 1;
            Files.write(blob, damaged);
            String refusal = refusal(layout);
            assertTrue(refusal.contains("damaged") || refusal.contains("SHA-256"), refusal);
            Files.delete(blob);
            assertTrue(refusal(layout).contains("missing"));
            Files.write(blob, sound);
        }
        byte[] other = new TestTar().file("x", "x").bytes();
        byte[] docker = TestOci.dockerArchive(layers()[0]);
        String text = new String(docker, StandardCharsets.ISO_8859_1)
                .replace("sha256:" + TestOci.sha256(layers()[0]), "sha256:" + TestOci.sha256(other));
        assertTrue(refusal(write("docker.tar", text.getBytes(StandardCharsets.ISO_8859_1)))
                .contains("SHA-256"));
    }

    @Test
    void archivesThatLeadOutAreRefused() throws Exception {
        for (TestTar bad : List.of(
                new TestTar().file("../up", "x"),
                new TestTar().file("a/../../up", "x"),
                new TestTar().hardLink("a", "../../etc/passwd"),
                new TestTar().hardLink("a", "/etc/passwd"))) {
            String refusal = refusal(write("bad.tar", bad.bytes()));
            assertTrue(refusal.contains("leads out") || refusal.contains("no file before it"), refusal);
        }
        byte[] whole = tree().bytes();
        for (int length : new int[] {2 * 512 + 100, 2 * 512, 5 * 512 + 3, whole.length / 1024 * 512}) {
            String cut = refusal(write("cut.tar", Arrays.copyOf(whole, length)));
            assertTrue(cut.contains("cut.tar") && cut.matches("(?s).*(damaged at|cut short).*"), cut);
        }
    }

    @Test
    void whatUnpacksToTooMuchIsRefused() throws Exception {
        byte[] tar = new TestTar().file("big", 0644, 0, 0, new byte[100_000]).bytes();
        try (Spool spool = new Spool(dir, 50_000)) {
            TarLayer layer = new TarLayer(new FileTree(), spool);
            String refusal = assertThrows(
                            BadArchiveException.class, () -> layer.apply("bomb", new ByteArrayInputStream(tar)))
                    .getMessage();
            assertTrue(refusal.contains("unpacks to more than 50000 bytes"), refusal);
        }
    }

    @Property(tries = 500)
    void damagedTarsAreReadOrRefused(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        byte[] tar = tree().bytes();
        for (int i = random.nextInt(8); i >= 0; i--) {
            tar[random.nextInt(tar.length)] = (byte) random.nextInt(256);
        }
        Path folder = Files.createTempDirectory("spool");
        try (Spool spool = new Spool(folder, 1 << 20)) {
            new TarLayer(new FileTree(), spool)
                    .apply("fuzz", new ByteArrayInputStream(tar, 0, tar.length - random.nextInt(tar.length / 2)));
        } catch (BadArchiveException e) {
            assertTrue(e.getMessage().startsWith("fuzz"), e.getMessage());
        } finally {
            Files.delete(folder);
        }
    }
}
