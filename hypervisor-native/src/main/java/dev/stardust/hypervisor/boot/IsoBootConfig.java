package dev.stardust.hypervisor.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What an ISO's own boot loader would start: the Linux entries of one ISOLINUX or GRUB configuration in it. */
public final class IsoBootConfig {
    /** Where the loaders look, and where distributions put them. */
    private static final List<String> ISOLINUX = List.of(
            "/boot/isolinux/isolinux.cfg",
            "/isolinux/isolinux.cfg",
            "/isolinux.cfg",
            "/boot/syslinux/syslinux.cfg",
            "/syslinux/syslinux.cfg",
            "/syslinux.cfg");

    private static final List<String> GRUB =
            List.of("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/grub/grub.cfg", "/EFI/BOOT/grub.cfg");

    private static final long MAX_KERNEL_BYTES = 512L << 20;
    private static final long MAX_INITRD_BYTES = 2L << 30;

    /** Linux takes archives one after the other when each begins at a multiple of this. */
    private static final int INITRD_ALIGNMENT = 4;

    private final String file;
    private final List<Entry> entries;

    /**
     * A kernel that can be started.
     *
     * @param title what the menu shows
     * @param id what the configuration calls it; may be empty
     * @param isDefault whether the loader would start it unasked; one entry of each configuration is
     * @param kernel absolute path in the ISO
     * @param initrds absolute paths in the ISO, to be loaded one after the other
     * @param commandLine the kernel's, without {@code initrd=}
     */
    public record Entry(
            String title, String id, boolean isDefault, String kernel, List<String> initrds, String commandLine) {
        public Entry {
            initrds = List.copyOf(initrds);
        }
    }

    /**
     * Files of an entry that was extracted.
     *
     * @param initrd null if the entry has none
     */
    public record Extracted(Path kernel, Path initrd, String commandLine) {}

    private IsoBootConfig(String file, List<Entry> entries) {
        this.file = file;
        this.entries = List.copyOf(entries);
    }

    private interface Parser {
        List<Entry> parse(ConfigFiles files, String path, String text);
    }

    /**
     * Every configuration that the image has, also those without a Linux entry.
     *
     * @throws BootException if one cannot be read
     */
    public static List<IsoBootConfig> findAll(IsoImage image) {
        return Stream.concat(
                        ISOLINUX.stream().flatMap(path -> read(image, path, IsolinuxConfig::parse)),
                        GRUB.stream().flatMap(path -> read(image, path, GrubConfig::parse)))
                .toList();
    }

    private static Stream<IsoBootConfig> read(IsoImage image, String path, Parser parser) {
        ConfigFiles files = ConfigFiles.of(image);
        return files.read(path).map(text -> new IsoBootConfig(path, parser.parse(files, path, text))).stream();
    }

    /**
     * The first configuration with a Linux entry.
     *
     * @throws BootException if there is none; it says what was found
     */
    public static IsoBootConfig find(IsoImage image) {
        List<IsoBootConfig> all = findAll(image);
        return all.stream().filter(one -> !one.entries.isEmpty()).findFirst().orElseThrow(() -> {
            String found = all.stream().map(IsoBootConfig::file).collect(Collectors.joining(", "));
            return new BootException(image.name()
                    + (all.isEmpty()
                            ? " has no ISOLINUX or GRUB configuration where those are looked for"
                            : " starts no Linux kernel by its boot configuration (" + found + ")")
                    + "; give --kernel, or --iso-boot=bios to run its own boot loader");
        });
    }

    /** The configuration's path in the ISO; files that it includes are not told. */
    public String file() {
        return file;
    }

    public List<Entry> entries() {
        return entries;
    }

    /**
     * An entry by its number, from 1, its title or its id; the default one for null.
     *
     * @throws BootException if there is no such entry; it lists those that are there
     */
    public Entry choose(String which) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (which == null
                    ? entry.isDefault()
                    : which.equals(Integer.toString(i + 1))
                            || which.equalsIgnoreCase(entry.title())
                            || which.equalsIgnoreCase(entry.id())) {
                return entry;
            }
        }
        StringBuilder text = new StringBuilder(file + " has no entry " + which + "; it has");
        for (int i = 0; i < entries.size(); i++) {
            text.append(i == 0 ? " " : ", ")
                    .append(i + 1)
                    .append(" (")
                    .append(entries.get(i).title())
                    .append(')');
        }
        throw new BootException(text.toString());
    }

    /**
     * Copies an entry's kernel and initrds, the latter to one file, into a folder.
     *
     * @throws BootException if the ISO does not have them
     * @throws IOException if the folder does not take them
     */
    public Extracted extract(IsoImage image, Entry entry, Path folder) throws IOException {
        Path kernel = folder.resolve("kernel");
        copy(image, List.of(entry.kernel()), MAX_KERNEL_BYTES, kernel);
        Path initrd = entry.initrds().isEmpty() ? null : folder.resolve("initrd");
        if (initrd != null) {
            copy(image, entry.initrds(), MAX_INITRD_BYTES, initrd);
        }
        return new Extracted(kernel, initrd, entry.commandLine());
    }

    private void copy(IsoImage image, List<String> paths, long maxBytes, Path target) throws IOException {
        List<IsoFile> sources = new ArrayList<>();
        for (String path : paths) {
            image.check(image.find(path).isPresent(), "has no file " + path + ", which its " + file + " names");
            sources.add(image.file(path));
        }
        long bytes = sources.stream().mapToLong(IsoFile::sizeBytes).sum();
        image.check(bytes <= maxBytes, "has " + bytes + " bytes in " + paths + ", more than " + maxBytes);
        try (FileChannel out = FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (IsoFile source : sources) {
                out.write(ByteBuffer.allocate(Math.floorMod(-out.position(), INITRD_ALIGNMENT)));
                image.copy(source, out);
            }
        }
    }
}
