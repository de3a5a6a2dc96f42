package dev.stardust.ops.build;

import dev.stardust.chunk.file.Tool;
import dev.stardust.chunk.tree.ArchiveImage;
import dev.stardust.chunk.tree.Ext4;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A root filesystem of few MiB that is Debian's static busybox and the little that it needs to be a system. */
public final class BusyboxImage {
    private static final String PACKAGE = "busybox-static";
    private static final Path INSTALLED = Path.of("/bin/busybox");
    private static final UUID ID = UUID.nameUUIDFromBytes("stardust busybox".getBytes(StandardCharsets.UTF_8));
    private static final FileTime TIME = FileTime.from(1_704_067_200, TimeUnit.SECONDS);

    private static final int ELF = 0x464c_457f;
    private static final int ELF_64_HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int INTERPRETER = 3;

    private static final List<String> FOLDERS = List.of(
            "bin/",
            "dev/",
            "etc/",
            "home/",
            "mnt/",
            "proc/",
            "root/",
            "run/",
            "sbin/",
            "sys/",
            "tmp/",
            "usr/",
            "usr/bin/",
            "usr/sbin/",
            "var/",
            "var/log/",
            "var/www/");

    private BusyboxImage() {}

    /**
     * Makes the image.
     *
     * @param work an empty folder that takes it and what is in between
     * @param sizeBytes size of the disk
     * @return the image, an ext4 of a whole disk
     */
    public static Path make(Path work, long sizeBytes) throws IOException {
        BuildTools.requireDiskMakers();
        Path busybox = busybox(work);
        Path tar = work.resolve("root.tar");
        try (TarArchiveOutputStream out =
                new TarArchiveOutputStream(Files.newOutputStream(tar), StandardCharsets.UTF_8.name())) {
            for (String folder : FOLDERS) {
                entry(out, folder, mode(folder), new byte[0]);
            }
            entry(out, "bin/busybox", 0755, Files.readAllBytes(busybox));
            for (String applet : applets(busybox)) {
                link(out, applet);
            }
            text(out, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
            text(out, "etc/group", "root:x:0:\nnogroup:x:65534:\n");
            text(out, "etc/shells", "/bin/sh\n");
            text(out, "etc/hostname", "busybox\n");
            text(out, "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
            text(out, "etc/nsswitch.conf", "hosts: files dns\n");
            text(out, "etc/profile", "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nexport PS1='\\h:\\w\\$ '\n");
            text(out, "etc/os-release", "ID=busybox\nPRETTY_NAME=\"BusyBox\"\n");
            text(out, "var/www/index.html", "hello from busybox\n");
        }
        Path image = Files.createFile(work.resolve("busybox.ext4"));
        ArchiveImage.make(tar, image, work, new Ext4.Shape(sizeBytes, ID));
        return image;
    }

    private static int mode(String folder) {
        return switch (folder) {
            case "tmp/" -> 01777;
            case "root/" -> 0700;
            default -> 0755;
        };
    }

    /** The one that is installed, if it needs no libraries, else the package's. */
    private static Path busybox(Path work) throws IOException {
        if (Files.isReadable(INSTALLED) && isStatic(Files.readAllBytes(INSTALLED))) {
            return INSTALLED;
        }
        DebianPackages packages = new DebianPackages();
        Path folder = work.resolve("package");
        packages.unpack(PACKAGE, packages.newestVersion(PACKAGE), folder);
        Path bin = folder.resolve("bin/busybox");
        return Files.exists(bin) ? bin : folder.resolve("usr/bin/busybox");
    }

    /** Whether a program is a 64-bit ELF file that names no loader. */
    static boolean isStatic(byte[] program) {
        ByteBuffer elf = ByteBuffer.wrap(program).order(ByteOrder.LITTLE_ENDIAN);
        if (program.length < ELF_64_HEADER_BYTES || elf.getInt(0) != ELF || elf.get(4) != 2) {
            return false;
        }
        long table = elf.getLong(32);
        int count = Short.toUnsignedInt(elf.getShort(56));
        boolean usual = Short.toUnsignedInt(elf.getShort(54)) == PROGRAM_HEADER_BYTES;
        if (!usual || table < 0 || table > program.length - (long) count * PROGRAM_HEADER_BYTES) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (elf.getInt((int) table + i * PROGRAM_HEADER_BYTES) == INTERPRETER) {
                return false;
            }
        }
        return true;
    }

    /** The paths that its applets are to be found at, such as {@code sbin/init}. */
    private static Set<String> applets(Path busybox) throws IOException {
        Set<String> applets = new TreeSet<>();
        String said = Tool.run(PACKAGE, "to list its applets", List.of(busybox.toString(), "--list-full"));
        for (String path : (Iterable<String>) said.lines()::iterator) {
            boolean placed = FOLDERS.stream().anyMatch(f -> path.matches(f + "[a-zA-Z0-9_.\\[-]{1,40}"));
            if (placed && !path.equals("bin/busybox")) {
                applets.add(path);
            }
        }
        if (!applets.contains("bin/sh")) {
            throw new IOException(busybox + " has no shell in it: install the package " + PACKAGE);
        }
        return applets;
    }

    private static void text(TarArchiveOutputStream out, String name, String text) throws IOException {
        entry(out, name, 0644, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void link(TarArchiveOutputStream out, String name) throws IOException {
        TarArchiveEntry link = new TarArchiveEntry("./" + name, TarConstants.LF_SYMLINK);
        link.setLinkName("/bin/busybox");
        link.setMode(0777);
        link.setIds(0, 0);
        link.setLastModifiedTime(TIME);
        out.putArchiveEntry(link);
        out.closeArchiveEntry();
    }

    private static void entry(TarArchiveOutputStream out, String name, int mode, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry("./" + name);
        entry.setMode(mode);
        entry.setIds(0, 0);
        entry.setLastModifiedTime(TIME);
        entry.setSize(content.length);
        out.putArchiveEntry(entry);
        out.write(content);
        out.closeArchiveEntry();
    }
}
