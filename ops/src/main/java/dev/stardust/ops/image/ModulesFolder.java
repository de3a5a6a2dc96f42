package dev.stardust.ops.image;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * The modules of one kernel on their way into a tar of {@code lib/modules/VERSION} that has modules and depmod's files and
 * nothing else. Equal files give equal tars.
 */
final class ModulesFolder {
    private static final int MAX_FILES = 20_000;
    private static final long MAX_BYTES = 2L << 30;
    private static final int MAX_FOLDERS = 64;
    private static final FileTime NO_TIME = FileTime.from(0, TimeUnit.SECONDS);

    /** A name in a tar or a package: where it begins, the version, and the file below. */
    private static final Pattern NAME =
            Pattern.compile("(?:usr/)?lib/modules/([0-9A-Za-z][0-9A-Za-z._+~-]{0,99})/(.+)");

    private static final Pattern WANTED = Pattern.compile(
            "modules\\.[A-Za-z0-9._-]{1,40}|([A-Za-z0-9_+][A-Za-z0-9_.,+@=-]{0,99}/){0,16}[A-Za-z0-9_+][A-Za-z0-9_.,+@=-]{0,99}\\.ko(\\.(xz|gz|zst))?");

    private final Path root;
    private final TreeSet<String> versions = new TreeSet<>();
    private int files;
    private long bytes;

    /** None yet; {@code root} is an empty folder that takes them. */
    ModulesFolder(Path root) {
        this.root = root;
    }

    /**
     * Takes a file of a tree if it is one of modules.
     *
     * @param name from the tree's root, without a slash before it
     */
    void add(String name, InputStream content) throws IOException {
        Matcher path = NAME.matcher(name);
        if (!path.matches() || !WANTED.matcher(path.group(2)).matches()) {
            return;
        }
        if (++files > MAX_FILES) {
            throw new BadKernelException("there are more than " + MAX_FILES + " modules");
        }
        versions.add(path.group(1));
        if (versions.size() > MAX_FOLDERS) {
            throw new BadKernelException("there are modules for more than " + MAX_FOLDERS + " kernels");
        }
        // Each part of the name has been seen not to begin with a dot.
        Path file = root.resolve("lib/modules").resolve(path.group(1)).resolve(path.group(2));
        Files.createDirectories(file.getParent());
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            byte[] part = new byte[1 << 16];
            for (int n = content.read(part); n >= 0; n = content.read(part)) {
                bytes += n;
                if (bytes > MAX_BYTES) {
                    throw new BadKernelException("the modules have more than " + MAX_BYTES + " bytes");
                }
                out.write(part, 0, n);
            }
        }
    }

    /** Takes all of a tar, plain or packed by gzip, xz or zstd. */
    void addTar(InputStream packed) throws IOException {
        TarArchiveInputStream tar = new TarArchiveInputStream(Unpacked.of(packed), StandardCharsets.UTF_8.name());
        try {
            for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
                if (e.isFile()) {
                    add(normal(e.getName()), tar);
                }
            }
        } catch (IllegalArgumentException e) {
            throw new BadKernelException("the tar of modules is damaged: " + e.getMessage(), e);
        }
    }

    /** A name in a tar without what may stand before it. */
    static String normal(String name) {
        return name.replaceFirst("^(\\./|/)+", "");
    }

    /** Takes a folder: one that has {@code lib/modules} in it, or the folder VERSION itself. Links are not followed. */
    void addFolder(Path folder) throws IOException {
        Path base = folder.toRealPath();
        boolean tree =
                Files.isDirectory(base.resolve("lib/modules")) || Files.isDirectory(base.resolve("usr/lib/modules"));
        Path start = !tree || Files.isDirectory(base.resolve("lib/modules"), LinkOption.NOFOLLOW_LINKS)
                ? base
                : base.resolve("usr");
        String before = tree ? "" : "lib/modules/" + base.getFileName() + "/";
        Path top = tree ? start.resolve("lib/modules") : start;
        try (Stream<Path> walk = Files.walk(top)) {
            for (Path file : (Iterable<Path>) walk::iterator) {
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
                        add(before + start.relativize(file), in);
                    }
                }
            }
        }
    }

    /**
     * Which kernel they are for.
     *
     * @param kernel the kernel's version, empty if it is not known
     * @throws BadKernelException if there are none for it
     */
    String version(String kernel) throws BadKernelException {
        if (kernel.isEmpty() && versions.size() == 1) {
            return versions.first();
        }
        if (!versions.contains(kernel)) {
            throw new BadKernelException(
                    versions.isEmpty()
                            ? "there are no modules in it: give a folder or tar of lib/modules/VERSION"
                            : "the modules are for " + String.join(", ", versions) + ", the kernel is "
                                    + (kernel.isEmpty() ? "of a version that it does not tell" : kernel));
        }
        return kernel;
    }

    boolean isEmpty() {
        return versions.isEmpty();
    }

    /** Writes the tar of one version's. A package lacks what depmod makes, so that is made here. */
    void writeTar(String version, Path tar) throws IOException {
        Path folder = root.resolve("lib/modules").resolve(version);
        if (!Files.exists(folder.resolve("modules.dep"))) {
            Tool.run(
                    "kmod",
                    "to find which modules need which",
                    List.of(Tool.ofSystem("depmod"), "-b", root.toString(), version));
        }
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.filter(Files::isRegularFile)
                    .sorted(Comparator.comparing(Path::toString))
                    .toList();
        }
        try (TarArchiveOutputStream out =
                new TarArchiveOutputStream(Files.newOutputStream(tar), StandardCharsets.UTF_8.name())) {
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Path file : all) {
                TarArchiveEntry entry =
                        new TarArchiveEntry(root.relativize(file).toString());
                entry.setSize(Files.size(file));
                entry.setMode(0100644);
                entry.setLastModifiedTime(NO_TIME);
                entry.setIds(0, 0);
                out.putArchiveEntry(entry);
                Files.copy(file, out);
                out.closeArchiveEntry();
            }
        }
    }
}
