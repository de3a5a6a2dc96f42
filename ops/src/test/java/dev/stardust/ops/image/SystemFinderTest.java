package dev.stardust.ops.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemFinderTest {
    private static final String UUID = "11111111-2222-3333-4444-555555555555";
    private static final int MIB = 1 << 20;

    @TempDir
    Path dir;

    private Path tree;
    private Path disk;

    @BeforeEach
    void makeTree() throws IOException {
        tree = Files.createDirectories(dir.resolve("tree"));
        // A question mark would be the beginning of options for debugfs.
        disk = dir.resolve("disk?offset=7");
    }

    private void file(String name, String content) throws IOException {
        Path file = tree.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private void link(String name, String target) throws IOException {
        Files.createDirectories(tree.resolve(name).getParent());
        Files.createSymbolicLink(tree.resolve(name), Path.of(target));
    }

    /** Debian's tree of today: merged /usr, links to the kernel to be started. */
    private void debian() throws IOException {
        file("usr/lib/os-release", "NAME=Debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
        link("etc/os-release", "../usr/lib/os-release");
        link("sbin", "usr/sbin");
        link("bin", "usr/bin");
        link("usr/sbin/init", "/lib/systemd/systemd");
        file("usr/bin/sh", "#!");
        file("etc/default/grub", "GRUB_CMDLINE_LINUX=\"console=ttyS0 a=1\"\n");
        file("etc/default/grub.d/10_cloud.cfg", "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX b=2\"\n");
    }

    private void kernels(String folder) throws IOException {
        for (String version : List.of("6.1.0-9-amd64", "6.1.0-18-amd64")) {
            file(folder + "vmlinuz-" + version, "kernel " + version);
            file(folder + "initrd.img-" + version, "initrd " + version);
        }
        file(folder + "vmlinuz-7.0.0-amd64", "one without an initrd");
        file(folder + "vmlinuz-0-rescue-abc", "rescue");
        file(folder + "initramfs-0-rescue-abc.img", "rescue");
    }

    /** Puts the tree into the disk there. */
    private void format(int startMib, int sizeMib) throws IOException {
        Tool.run(
                "e2fsprogs",
                "to make a test's disk",
                List.of(
                        Tool.ofSystem("mke2fs"),
                        "-q",
                        "-F",
                        "-t",
                        "ext4",
                        "-U",
                        UUID,
                        "-E",
                        "offset=" + (long) startMib * MIB,
                        "-d",
                        tree.toString(),
                        link(disk).toString(),
                        sizeMib + "M"));
    }

    private Path link(Path to) throws IOException {
        Path link = dir.resolve("link");
        Files.deleteIfExists(link);
        return Files.createSymbolicLink(link, to);
    }

    private void mbr(int id, int... startsAndSizesMib) throws IOException {
        ByteBuffer mbr = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
        mbr.putInt(0x1b8, id).putShort(0x1fe, (short) 0xaa55);
        for (int i = 0; i < startsAndSizesMib.length; i += 2) {
            int at = 0x1be + i / 2 * 16;
            mbr.put(at + 4, (byte) 0x83);
            mbr.putInt(at + 8, startsAndSizesMib[i] * 2048).putInt(at + 12, startsAndSizesMib[i + 1] * 2048);
        }
        write(0, mbr.array());
    }

    private void write(long at, byte[] bytes) throws IOException {
        try (FileChannel file = FileChannel.open(disk, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(bytes), at);
        }
    }

    private FoundSystem find() throws IOException {
        return SystemFinder.find(disk, Files.createTempDirectory(dir, "work"));
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.UTF_8);
    }

    @Test
    void aSystemInAPartitionIsFoundWithItsNewestKernelThatHasAnInitrd() throws IOException {
        debian();
        kernels("boot/");
        write(40L * MIB - 1, new byte[1]);
        format(2, 30);
        mbr(0xdeadbeef, 2, 30);
        FoundSystem found = find();
        assertEquals("Debian GNU/Linux 12 (bookworm)", found.name());
        assertEquals("PARTUUID=deadbeef-01", found.root());
        assertEquals("ext4", found.rootType());
        assertEquals("/sbin/init", found.init());
        assertTrue(found.shell());
        assertEquals("a=1 b=2", found.args());
        assertEquals("6.1.0-18-amd64", found.kernel().version());
        assertEquals("kernel 6.1.0-18-amd64", text(found.kernel().kernel()));
        assertEquals("initrd 6.1.0-18-amd64", text(found.kernel().initrd()));
        assertEquals(List.of(), found.notes());
        assertEquals(Optional.of("ext4"), SystemFinder.typeOf(disk, "/dev/vda1"));
        assertEquals(Optional.of("ext4"), SystemFinder.typeOf(disk, "UUID=" + UUID));
        assertEquals(Optional.empty(), SystemFinder.typeOf(disk, "/dev/vda2"));
    }

    @Test
    void theKernelThatALinkNamesGoesBeforeNewerOnes() throws IOException {
        debian();
        kernels("boot/");
        link("vmlinuz", "boot/vmlinuz-6.1.0-9-amd64");
        format(0, 30);
        assertEquals("6.1.0-9-amd64", find().kernel().version());
        assertEquals("/dev/vda", find().root());
    }

    @Test
    void aPartitionOfItsOwnForBootIsLookedInto() throws IOException {
        kernels("");
        write(60L * MIB - 1, new byte[1]);
        format(1, 20);
        Tool.run("coreutils", "to empty a folder", List.of("rm", "-rf", tree.toString()));
        Files.createDirectory(tree);
        debian();
        format(25, 30);
        mbr(0, 1, 20, 25, 30);
        FoundSystem found = find();
        assertEquals("UUID=" + UUID, found.root(), "the disk has no id that could name a partition");
        assertEquals("6.1.0-18-amd64", found.kernel().version());
    }

    @Test
    void aSystemWithoutAKernelIsFoundWithout() throws IOException {
        file("bin/sh", "#!");
        file("sbin/init", "#!");
        format(0, 20);
        FoundSystem found = find();
        assertEquals("/dev/vda", found.root());
        assertNull(found.kernel());
    }

    @Test
    void otherFileSystemsAreNamedWithWhatToDo() throws IOException {
        write(20L * MIB - 1, new byte[1]);
        mbr(1, 1, 4, 6, 4);
        write(MIB, "XFSB".getBytes(StandardCharsets.US_ASCII));
        write(6L * MIB + 0x10040, "_BHRfS_M".getBytes(StandardCharsets.US_ASCII));
        FoundSystem found = find();
        assertNull(found.root());
        assertEquals(2, found.notes().size());
        assertTrue(found.notes().get(0).contains("partition 1 is xfs"), found.notes()::toString);
        assertTrue(found.notes().get(1).contains("--kernel NAME --root /dev/vda2"), found.notes()::toString);
    }

    @Test
    void aCdIsNotLookedInto() throws IOException {
        debian();
        format(0, 20);
        write(0x8001, "CD001".getBytes(StandardCharsets.US_ASCII));
        assertNull(find().root());
    }

    /** debugfs may find anything there; whatever it says, the answer is a system or an error, soon. */
    @Test
    void damagedFileSystemsGiveAnAnswerOrAnError() throws IOException {
        debian();
        kernels("boot/");
        format(0, 20);
        byte[] whole = Files.readAllBytes(disk);
        long seed = System.nanoTime();
        System.out.println("SystemFinderTest: seed " + seed);
        Random random = new Random(seed);
        List<String> answers = new ArrayList<>();
        for (int round = 0; round < 12; round++) {
            byte[] damaged = whole.clone();
            for (int i = 0; i < 40; i++) {
                damaged[2048 + random.nextInt(2 * MIB)] = (byte) random.nextInt();
            }
            Files.write(disk, damaged);
            try {
                answers.add(String.valueOf(find().root()));
            } catch (IOException e) {
                answers.add(e.getMessage());
            }
        }
        assertEquals(12, answers.size());
    }
}
