package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The CDs of cases, made with Debian's boot loaders: each has two entries, "one" and "two", which start the same kernel with
 * another word on its command line. Entry one starts unasked when nobody types for some seconds.
 */
final class CdImages {
    /** A file for guests to read, and what it says. */
    private static final String FILE = "hello.txt";

    private static final String TEXT = "hello from the CD\n";

    private static final List<String> ENTRIES = List.of("one", "two");

    private static final Path SEABIOS = Path.of("/usr/share/seabios/bios-256k.bin");
    private static final Path ISOLINUX = Path.of("/usr/lib/ISOLINUX/isolinux.bin");
    private static final Path ISOLINUX_MODULE = Path.of("/usr/lib/syslinux/modules/bios/ldlinux.c32");
    private static final String GRUB = "/usr/lib/grub/i386-pc";
    private static final int TOOL_TIMEOUT_S = 120;

    private final Path kernel;
    private final Path initramfs;

    CdImages(Path kernel, Path initramfs) {
        this.kernel = kernel;
        this.initramfs = initramfs;
    }

    /** Makes the CDs of those cases that have one, and puts the BIOS beside them if any needs it. */
    void make(List<LinuxCase> cases, Path folder) throws IOException {
        for (LinuxCase each : cases) {
            if (each.needsBios()) {
                Files.copy(SEABIOS, folder.resolve(GuestFiles.BIOS), StandardCopyOption.REPLACE_EXISTING);
            }
            if (each.cd().isPresent()) {
                make(
                        each.cd().get(),
                        LabContext.commandLine(each.name()),
                        folder.resolve(GuestFiles.cdName(each.name())));
            }
        }
    }

    private void make(CdLoader loader, String commandLine, Path iso) throws IOException {
        try (TempFolder content = TempFolder.create(iso.getParent(), "cd-")) {
            Path tree = content.path();
            Files.createDirectory(tree.resolve("live"));
            Files.copy(kernel, tree.resolve("live/vmlinuz"));
            Files.copy(initramfs, tree.resolve("live/initrd.img"));
            Files.writeString(tree.resolve(FILE), TEXT);
            String image =
                    switch (loader) {
                        case ISOLINUX -> isolinux(tree, commandLine);
                        case GRUB -> grub(tree, commandLine);
                    };
            burn(tree, image, iso);
        }
    }

    private static String isolinux(Path tree, String commandLine) throws IOException {
        Path folder = Files.createDirectory(tree.resolve("isolinux"));
        Files.copy(ISOLINUX, folder.resolve("isolinux.bin"));
        Files.copy(ISOLINUX_MODULE, folder.resolve("ldlinux.c32"));
        List<String> lines = new ArrayList<>(List.of("PROMPT 1", "TIMEOUT 50", "DEFAULT one"));
        for (String entry : ENTRIES) {
            lines.add("LABEL " + entry);
            lines.add("  KERNEL /live/vmlinuz");
            lines.add("  INITRD /live/initrd.img");
            lines.add("  APPEND " + commandLine + " entry=" + entry);
        }
        Files.write(folder.resolve("isolinux.cfg"), lines);
        return "isolinux/isolinux.bin";
    }

    private static String grub(Path tree, String commandLine) throws IOException {
        Path folder = Files.createDirectories(tree.resolve("boot/grub"));
        List<String> lines = new ArrayList<>(List.of("set timeout=5", "set default=0"));
        for (String entry : ENTRIES) {
            lines.add("menuentry '" + entry + "' --hotkey=" + entry.charAt(0) + " {");
            lines.add("  linux /live/vmlinuz " + commandLine + " entry=" + entry);
            lines.add("  initrd /live/initrd.img");
            lines.add("}");
        }
        Files.write(folder.resolve("grub.cfg"), lines);
        String image = "boot/grub/eltorito.img";
        List<String> command = new ArrayList<>(List.of("grub-mkimage", "-O", "i386-pc-eltorito", "-d", GRUB));
        command.addAll(List.of("-p", "/boot/grub", "-o", tree.resolve(image).toString()));
        command.addAll(List.of("biosdisk", "iso9660", "normal", "linux", "configfile"));
        External.run(TOOL_TIMEOUT_S, command);
        return image;
    }

    private static void burn(Path tree, String image, Path iso) {
        List<String> command =
                new ArrayList<>(List.of("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", iso.toString()));
        command.addAll(List.of("-b", image, "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4"));
        command.addAll(List.of("-boot-info-table", tree.toString()));
        External.run(TOOL_TIMEOUT_S, command);
    }
}
