package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootCatalog.Media;
import dev.stardust.hypervisor.boot.BootCatalog.Platform;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ISO images made by Debian's tools with the boot loaders that Debian's CDs have. */
class IsoBootConfigTest {
    private static final Path ISOLINUX = Path.of("/usr/lib/ISOLINUX/isolinux.bin");
    private static final Path LDLINUX = Path.of("/usr/lib/syslinux/modules/bios/ldlinux.c32");

    private final byte[] kernel = new byte[300_001];
    private final byte[] initrd = new byte[70_001];

    @TempDir
    Path dir;

    @BeforeEach
    void makeKernelAndInitrd() {
        new Random(3).nextBytes(kernel);
        new Random(4).nextBytes(initrd);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private Path isolinuxTree() throws Exception {
        Path tree = dir.resolve("tree");
        Xorriso.put(tree, "isolinux/isolinux.bin", Files.readAllBytes(ISOLINUX));
        Xorriso.put(tree, "isolinux/ldlinux.c32", Files.readAllBytes(LDLINUX));
        Xorriso.put(
                tree,
                "isolinux/isolinux.cfg",
                ascii(
                        """
                        DEFAULT linux
                        SERIAL 0
                        LABEL linux
                          MENU LABEL Live ^system
                          KERNEL /live/vmlinuz-6.1.0-37-amd64
                          APPEND initrd=/live/initrd.img-6.1.0-37-amd64,/live/more boot=live console=ttyS0
                        LABEL rescue
                          KERNEL /live/vmlinuz-6.1.0-37-amd64
                          APPEND single
                        LABEL broken
                          KERNEL /live/none
                        """));
        Xorriso.put(tree, "live/vmlinuz-6.1.0-37-amd64", kernel);
        Xorriso.put(tree, "live/initrd.img-6.1.0-37-amd64", initrd);
        Xorriso.put(tree, "live/more", ascii("more"));
        Xorriso.put(tree, "boot/efi.img", new byte[2880 * 512]);
        return tree;
    }

    /** A BIOS entry and an EFI entry, both without emulation. */
    private Path twoEntryIso() throws Exception {
        return Xorriso.make(
                dir.resolve("two.iso"),
                isolinuxTree(),
                ("-R -V TWO_ENTRIES -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4"
                                + " -boot-info-table -eltorito-alt-boot -e boot/efi.img -no-emul-boot")
                        .split(" "));
    }

    @Test
    void bothEntriesOfTheCatalogAreRead() throws Exception {
        try (IsoImage iso = IsoImage.open(twoEntryIso())) {
            List<BootCatalog.Entry> entries =
                    BootCatalog.read(iso).orElseThrow().entries();
            assertEquals(2, entries.size());
            BootCatalog.Entry bios = entries.get(0);
            assertTrue(bios.bootable() && bios.media() == Media.NO_EMULATION && bios.platform() == Platform.X86);
            assertEquals(4, bios.sectors());
            assertEquals(0x7c0, bios.loadSegment());
            byte[] loaded = BootCatalog.load(iso, bios);
            byte[] isolinux = Files.readAllBytes(ISOLINUX);
            assertArrayEquals(Arrays.copyOf(isolinux, 8), Arrays.copyOf(loaded, 8));
            assertArrayEquals(Arrays.copyOfRange(isolinux, 64, 4 * 512), Arrays.copyOfRange(loaded, 64, loaded.length));

            BootCatalog.Entry efi = entries.get(1);
            assertTrue(efi.bootable() && efi.media() == Media.NO_EMULATION && efi.platform() == Platform.EFI);
            assertEquals(2880, efi.sectors());
            assertArrayEquals(new byte[2880 * 512], BootCatalog.load(iso, efi));
        }
    }

    @Test
    void emulatedFloppyAndHardDiskAreToldApartAndRefused() throws Exception {
        Path tree = dir.resolve("floppy");
        Xorriso.put(tree, "floppy.img", new byte[2880 * 512]);
        byte[] disk = new byte[1 << 20];
        disk[0x1be] = (byte) 0x80;
        disk[0x1be + 4] = 6;
        disk[0x1fe] = 0x55;
        disk[0x1ff] = (byte) 0xaa;
        Xorriso.put(tree, "disk.img", disk);
        Path iso = Xorriso.make(dir.resolve("floppy.iso"), tree, "-b", "floppy.img", "-c", "boot.cat");
        assertTrue(bootRefusal(iso).contains("emulated 1.44 MB floppy"));
        iso = Xorriso.make(dir.resolve("disk.iso"), tree, "-hard-disk-boot", "-b", "disk.img", "-c", "boot.cat");
        assertTrue(bootRefusal(iso).contains("emulated hard disk"));
    }

    private static String bootRefusal(Path path) throws Exception {
        try (IsoImage iso = IsoImage.open(path)) {
            BootCatalog.Entry entry =
                    BootCatalog.read(iso).orElseThrow().entries().get(0);
            return assertThrows(BootException.class, () -> BootCatalog.load(iso, entry))
                    .getMessage();
        }
    }

    @Test
    void kernelAndInitrdsOfIsolinuxAreExtracted() throws Exception {
        try (IsoImage iso = IsoImage.open(twoEntryIso())) {
            IsoBootConfig config = IsoBootConfig.find(iso);
            assertEquals("/isolinux/isolinux.cfg", config.file());
            IsoBootConfig.Entry entry = config.choose(null);
            assertEquals("Live system", entry.title());
            IsoBootConfig.Extracted files = config.extract(iso, entry, dir);
            assertEquals("boot=live console=ttyS0", files.commandLine());
            assertArrayEquals(kernel, Files.readAllBytes(files.kernel()));
            byte[] both = Arrays.copyOf(initrd, 70_004 + 4);
            System.arraycopy(ascii("more"), 0, both, 70_004, 4);
            assertArrayEquals(both, Files.readAllBytes(files.initrd()));
        }
    }

    @Test
    void entriesAreChosenByNumberTitleOrId() throws Exception {
        try (IsoImage iso = IsoImage.open(twoEntryIso())) {
            IsoBootConfig config = IsoBootConfig.find(iso);
            for (String which : new String[] {"1", "live SYSTEM", "linux"}) {
                assertEquals("Live system", config.choose(which).title());
            }
            IsoBootConfig.Entry rescue = config.choose("2");
            Path target = Files.createDirectory(dir.resolve("out"));
            assertNull(config.extract(iso, rescue, target).initrd());
            String text =
                    assertThrows(BootException.class, () -> config.choose("4")).getMessage();
            assertEquals("/isolinux/isolinux.cfg has no entry 4; it has 1 (Live system), 2 (rescue), 3 (broken)", text);
            Path other = Files.createDirectory(dir.resolve("other"));
            text = assertThrows(BootException.class, () -> config.extract(iso, config.choose("broken"), other))
                    .getMessage();
            assertTrue(text.contains("no file /live/none, which its /isolinux/isolinux.cfg names"), text);
        }
    }

    @Test
    void grubsRescueImageIsRead() throws Exception {
        Path tree = dir.resolve("grub");
        Xorriso.put(tree, "boot/vmlinuz", kernel);
        Xorriso.put(tree, "boot/initrd.img", initrd);
        Xorriso.put(
                tree,
                "boot/grub/grub.cfg",
                ascii(
                        """
                        set default=1
                        search --set=root --file /boot/vmlinuz
                        menuentry 'No kernel' { reboot }
                        menuentry 'Test system' {
                          linux ($root)/boot/vmlinuz console=ttyS0
                          initrd ($root)/boot/initrd.img
                        }
                        """));
        Path path = dir.resolve("grub.iso");
        Xorriso.run(List.of(
                "grub-mkrescue",
                "-d",
                "/usr/lib/grub/i386-pc",
                "--install-modules=linux normal iso9660 biosdisk search",
                "--fonts=",
                "--locales=",
                "--themes=",
                "-o",
                path.toString(),
                tree.toString()));
        try (IsoImage iso = IsoImage.open(path)) {
            BootCatalog.Entry bios =
                    BootCatalog.read(iso).orElseThrow().entries().get(0);
            assertEquals(4 * 512, BootCatalog.load(iso, bios).length);
            IsoBootConfig config = IsoBootConfig.find(iso);
            assertEquals("/boot/grub/grub.cfg", config.file());
            IsoBootConfig.Entry entry = config.choose(null);
            assertEquals("Test system", entry.title());
            IsoBootConfig.Extracted files = config.extract(iso, entry, dir);
            assertEquals("console=ttyS0", files.commandLine());
            assertArrayEquals(kernel, Files.readAllBytes(files.kernel()));
            assertArrayEquals(initrd, Files.readAllBytes(files.initrd()));
        }
    }

    @Test
    void imageThatStartsNoLinuxSaysWhatWasFound() throws Exception {
        Path tree = dir.resolve("none");
        Xorriso.put(tree, "readme", ascii("text"));
        try (IsoImage iso = IsoImage.open(Xorriso.make(dir.resolve("a.iso"), tree))) {
            assertTrue(refusal(iso).contains("no ISOLINUX or GRUB configuration"), () -> refusal(iso));
        }
        Xorriso.put(tree, "boot/grub/grub.cfg", ascii("menuentry x { chainloader +1 }"));
        try (IsoImage iso = IsoImage.open(Xorriso.make(dir.resolve("b.iso"), tree))) {
            assertTrue(refusal(iso).contains("(/boot/grub/grub.cfg)"), () -> refusal(iso));
            assertEquals(1, IsoBootConfig.findAll(iso).size());
        }
    }

    private static String refusal(IsoImage iso) {
        return assertThrows(BootException.class, () -> IsoBootConfig.find(iso)).getMessage();
    }
}
