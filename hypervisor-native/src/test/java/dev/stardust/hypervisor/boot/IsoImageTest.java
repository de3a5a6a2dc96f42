package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IsoImageTest {
    private static final int SECTOR = TestIso.SECTOR;

    @TempDir
    Path dir;

    private static byte[] bytes(IsoImage iso, String path) {
        return iso.read(iso.file(path), 1 << 20);
    }

    private static String text(IsoImage iso, String path) {
        return new String(bytes(iso, path), StandardCharsets.UTF_8);
    }

    private Path tree() throws Exception {
        Path tree = dir.resolve("tree");
        Xorriso.put(tree, "boot/kernel.txt", "plain".getBytes(StandardCharsets.UTF_8));
        Xorriso.put(tree, "a/b/c/d/e/f/g/deep.txt", "deep".getBytes(StandardCharsets.UTF_8));
        Xorriso.put(tree, "linux-6.1.0-37-cloud-amd64.conf.d/Größe ä", "utf8".getBytes(StandardCharsets.UTF_8));
        Xorriso.put(tree, "n".repeat(250), "long".getBytes(StandardCharsets.UTF_8));
        Xorriso.put(tree, "empty", new byte[0]);
        for (int i = 0; i < 300; i++) {
            Xorriso.put(tree, "many/file-number-" + i, Integer.toString(i).getBytes(StandardCharsets.UTF_8));
        }
        Files.createSymbolicLink(tree.resolve("link"), Path.of("boot/kernel.txt"));
        return tree;
    }

    @Test
    void filesAreFoundByTheirRockRidgeNames() throws Exception {
        try (IsoImage iso = IsoImage.open(Xorriso.make(dir.resolve("x.iso"), tree(), "-R", "-V", "VOLUME_1"))) {
            assertEquals("VOLUME_1", iso.volumeId());
            assertEquals("plain", text(iso, "/boot/kernel.txt"));
            assertEquals("plain", text(iso, "boot/../boot//./kernel.txt"));
            assertEquals("deep", text(iso, "/a/b/c/d/e/f/g/deep.txt"));
            assertEquals("utf8", text(iso, "/linux-6.1.0-37-cloud-amd64.conf.d/Größe ä"));
            assertEquals("long", text(iso, "n".repeat(250)));
            assertEquals(0, bytes(iso, "/empty").length);
            for (int i = 0; i < 300; i++) {
                assertEquals(Integer.toString(i), text(iso, "/many/file-number-" + i));
            }
            assertEquals("plain", text(iso, "/BOOT/Kernel.TXT"));
            assertTrue(iso.find("/boot/kernel").isEmpty());
            assertTrue(iso.find("/boot/kernel.txt/x").isEmpty());
        }
    }

    @Test
    void imageWithoutRockRidgeHasTheNamesOfTheStandard() throws Exception {
        Path tree = dir.resolve("plain");
        Xorriso.put(tree, "isolinux/vmlinuz", "kernel".getBytes(StandardCharsets.UTF_8));
        Xorriso.put(tree, "isolinux/isolinux.cfg", "config".getBytes(StandardCharsets.UTF_8));
        Path iso = dir.resolve("plain.iso");
        Xorriso.make(iso, tree, "--norock", "-iso-level", "1");
        try (IsoImage image = IsoImage.open(iso)) {
            assertEquals("kernel", text(image, "/isolinux/vmlinuz"));
            assertEquals("config", text(image, "/ISOLINUX/ISOLINUX.CFG"));
        }
    }

    @Test
    void linksAndDirectoriesAreNotReadAsFiles() throws Exception {
        try (IsoImage iso = IsoImage.open(Xorriso.make(dir.resolve("x.iso"), tree(), "-R"))) {
            assertTrue(refusal(iso, "/link").contains("symbolic link at /link"));
            assertTrue(refusal(iso, "/boot").contains("directory at /boot"));
            assertTrue(refusal(iso, "/nothing").contains("no file /nothing"));
            assertTrue(refusal(iso, "/x".repeat(40)).contains("more than 32 directories"));
        }
    }

    private static String refusal(IsoImage iso, String path) {
        return assertThrows(BootException.class, () -> iso.file(path)).getMessage();
    }

    @Test
    void fileOfSeveralExtentsIsReadInOrder() throws Exception {
        TestIso iso = new TestIso(24)
                .add("BIG.BIN;1", 22, SECTOR, 0x80)
                .add("BIG.BIN;1", 21, 3, 0)
                .add("SMALL.;1", 23, 2, 0);
        iso.bytes()
                .put(21 * SECTOR, new byte[] {1, 2, 3})
                .put(22 * SECTOR, (byte) 9)
                .put(23 * SECTOR, (byte) 7);
        byte[] expected = new byte[SECTOR + 3];
        expected[0] = 9;
        System.arraycopy(new byte[] {1, 2, 3}, 0, expected, SECTOR, 3);
        IsoImage image = iso.image();
        assertArrayEquals(expected, bytes(image, "/big.bin"));
        assertArrayEquals(new byte[] {7, 0}, bytes(image, "/small"));

        ByteArrayOutputStream copy = new ByteArrayOutputStream();
        image.copy(image.file("/big.bin"), Channels.newChannel(copy));
        assertArrayEquals(expected, copy.toByteArray());
    }

    /** Offset in the image and width of a field, a bad value, and what the refusal must tell. */
    @ParameterizedTest
    @CsvSource({
        "0x8000, 1, 2, no primary volume descriptor",
        "0x8001, 1, 0, CD001 is missing",
        "0x8080, 2, 512, blocks of 512 bytes",
        "0x809e, 4, 0x7fffffff, beyond its end",
        "0x80a6, 4, 0x7fffffff, beyond its end",
        "0x80a6, 4, 0, empty root directory",
        "0x9000, 1, 3, CD001 is missing",
        "0x9800, 1, 33, damaged directory record",
        "0x9800, 1, 0, damaged directory record",
    })
    void damagedImageIsRefusedInWords(String offset, int width, String value, String told) {
        TestIso iso = new TestIso(24);
        int at = Integer.decode(offset);
        switch (width) {
            case 1 -> iso.bytes().put(at, Integer.decode(value).byteValue());
            case 2 -> iso.bytes().putShort(at, Integer.decode(value).shortValue());
            default -> iso.bytes().putInt(at, Integer.decode(value));
        }
        String text = assertThrows(BootException.class, iso::image).getMessage();
        assertTrue(text.startsWith("test.iso ") && text.contains(told), text);
    }

    @Test
    void interleavedFileIsRefused() {
        TestIso iso = new TestIso(24).add("A.;1", 22, 10, 0);
        iso.bytes().put(TestIso.ROOT * SECTOR + 2 * 34 + 26, (byte) 1);
        assertTrue(refusal(iso.image(), "/a").contains("interleaved"));
    }

    @Test
    void directoryThatIsItsOwnChildEndsAtTheLastNameOfThePath() {
        IsoImage image = new TestIso(24).add("LOOP", TestIso.ROOT, SECTOR, 2).image();
        assertTrue(image.find("/loop".repeat(32)).isPresent());
        assertTrue(image.find("/loop".repeat(31) + "/other").isEmpty());
    }

    @Test
    void shortFileAndForeignFileAreNamed() throws Exception {
        Path file = Files.write(dir.resolve("short"), new byte[100]);
        String text =
                assertThrows(BootException.class, () -> IsoImage.open(file)).getMessage();
        assertTrue(text.contains(file + " is not an ISO 9660 image"), text);
        text = assertThrows(BootException.class, () -> IsoImage.open(dir.resolve("none")))
                .getMessage();
        assertTrue(text.contains("cannot read the ISO image " + dir.resolve("none")), text);
    }

    @Test
    void truncatedImageTellsThatItIsIncomplete() throws Exception {
        byte[] all = Files.readAllBytes(Xorriso.make(dir.resolve("x.iso"), tree(), "-R"));
        IsoFile file = TestIso.image(all).file("/many/file-number-299");
        long start = file.extents().get(0).offset();
        IsoImage cut = TestIso.image(Arrays.copyOf(all, (int) start));
        assertTrue(refusal(cut, "/many/file-number-299").contains("is the file complete?"));
    }

    @Test
    void nameThatGoesOnInItselfIsRefused() throws Exception {
        byte[] bytes = Files.readAllBytes(Xorriso.make(dir.resolve("x.iso"), tree(), "-R"));
        ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int continuation = 'C' | 'E' << 8 | 28 << 16 | 1 << 24;
        for (int at = 16 * SECTOR; at < 60 * SECTOR; at++) {
            if (all.getInt(at) == continuation) {
                all.putInt(at + 4, at / SECTOR).putInt(at + 12, at % SECTOR).putInt(at + 20, 28);
            }
        }
        IsoImage iso = TestIso.image(bytes);
        assertTrue(assertThrows(BootException.class, () -> iso.find("/boot"))
                .getMessage()
                .contains("more than 8 areas"));
    }

    /** A real image with Rock Ridge, changed anywhere in its directories: it answers or refuses. */
    @Test
    void hostileImagesGiveFilesInBoundsOrARefusal() throws Exception {
        byte[] good = Files.readAllBytes(Xorriso.make(dir.resolve("x.iso"), tree(), "-R"));
        Random random = new Random(11);
        int refused = 0;
        for (int i = 0; i < 1000; i++) {
            byte[] bad = good.clone();
            for (int change = random.nextInt(1, 30); change > 0; change--) {
                bad[random.nextInt(16 * SECTOR, Math.min(bad.length, 60 * SECTOR))] = (byte) random.nextInt();
            }
            try {
                IsoImage image = TestIso.image(bad);
                for (String path : new String[] {"/boot/kernel.txt", "/many/file-number-7", "n".repeat(250), "/link"}) {
                    image.find(path).ifPresent(file -> {
                        for (IsoFile.Extent extent : file.extents()) {
                            assertTrue(extent.offset() >= 0 && extent.bytes() <= bad.length - extent.offset());
                        }
                    });
                }
            } catch (BootException e) {
                refused++;
                assertFalse(e.getMessage().isBlank());
            }
        }
        assertTrue(refused > 30, refused + " of 1000 were refused");
    }
}
