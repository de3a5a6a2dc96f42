package dev.stardust.ops.image;

import dev.stardust.ops.image.ExtVolume.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks for a Linux in a raw disk: in its partitions, or in a file system that is all of it. Nothing is mounted or run. */
public final class SystemFinder {
    private static final int MAX_VOLUMES = 16;
    private static final int MAX_TEXT_BYTES = 1 << 18;
    private static final int MAX_CONFIGURATIONS = 32;
    private static final Pattern PRETTY_NAME = Pattern.compile("(?m)^PRETTY_NAME=[\"']?([^\"'\\p{Cntrl}]{1,80})");

    private final Path folder;
    private final Path disk;
    private final List<String> notes = new ArrayList<>();

    private SystemFinder(Path folder, Path disk) {
        this.folder = folder;
        this.disk = disk;
    }

    /** A partition with a file system that can be looked into. */
    private record Volume(Partition partition, FileSystem type, ExtVolume files) {
        String root() {
            if (partition.number() == 0) {
                return partition.device();
            }
            return partition.uuid().isEmpty() ? "UUID=" + type.uuid() : "PARTUUID=" + partition.uuid();
        }
    }

    /**
     * Looks into a disk.
     *
     * @param raw the disk
     * @param folder an empty folder that takes copies of a kernel and an initrd
     * @throws IOException if it cannot be read, or is damaged; if debugfs of e2fsprogs is missing
     */
    public static FoundSystem find(Path raw, Path folder) throws IOException {
        // A path of the user's may have a question mark, which debugfs takes for the beginning of options.
        Path disk = Files.createSymbolicLink(folder.resolve("disk"), raw.toAbsolutePath());
        return new SystemFinder(folder, disk).find();
    }

    /** What the file system of a device of a guest is whose first disk this is; empty if that cannot be told. */
    public static Optional<String> typeOf(Path raw, String device) throws IOException {
        try (RawDisk disk = RawDisk.open(raw)) {
            for (Partition p : partitions(disk)) {
                FileSystem type = FileSystem.of(disk, p);
                boolean named = device.equals(p.device())
                        || device.equalsIgnoreCase("PARTUUID=" + p.uuid())
                        || device.equalsIgnoreCase("UUID=" + type.uuid());
                if (named && !type.type().isEmpty()) {
                    return Optional.of(type.type());
                }
            }
        }
        return Optional.empty();
    }

    private static List<Partition> partitions(RawDisk disk) throws IOException {
        List<Partition> found = PartitionTable.read(disk);
        return found.isEmpty() ? List.of(Partition.whole(disk)) : found;
    }

    private FoundSystem find() throws IOException {
        List<Volume> volumes;
        try (RawDisk raw = RawDisk.open(disk)) {
            volumes = FileSystem.isCd(raw) ? List.of() : volumes(raw);
        }
        Volume root = null;
        boolean named = false;
        for (Volume each : volumes) {
            boolean release = release(each).isPresent();
            if ((release && !named) || (root == null && (init(each) != null || hasShell(each)))) {
                root = each;
                named = release;
            }
        }
        if (root == null) {
            return FoundSystem.nothing(notes);
        }
        FoundSystem.OwnKernel kernel = new KernelFinder(folder, notes).find(bootFolders(root, volumes));
        return new FoundSystem(
                name(root),
                root.root(),
                root.type().type(),
                init(root),
                hasShell(root),
                kernel,
                GrubWords.of(configurations(root)),
                notes);
    }

    private List<Volume> volumes(RawDisk raw) throws IOException {
        List<Volume> volumes = new ArrayList<>();
        for (Partition p : partitions(raw)) {
            FileSystem type = FileSystem.of(raw, p);
            if (type.isExt() && volumes.size() < MAX_VOLUMES) {
                volumes.add(new Volume(p, type, new ExtVolume(disk, p.startByte())));
            } else if (!type.isExt() && !type.type().isEmpty()) {
                notes.add((p.number() == 0 ? "the disk is " : "partition " + p.number() + " is ") + type.type()
                        + ", which is not looked into for a kernel: to start it with a kernel of the cluster, import"
                        + " it with --kernel NAME --root " + p.device());
            }
        }
        return volumes;
    }

    /** Where kernels may be: in the root's folder boot, or at the top of a partition that is mounted there. */
    private static List<KernelFinder.Folder> bootFolders(Volume root, List<Volume> volumes) throws IOException {
        List<KernelFinder.Folder> folders = new ArrayList<>();
        folders.add(new KernelFinder.Folder(
                root.files(), root.files().list("boot"), root.files().list("")));
        for (Volume other : volumes) {
            if (!other.equals(root)) {
                folders.add(new KernelFinder.Folder(other.files(), other.files().list(""), List.of()));
            }
        }
        return folders;
    }

    private static Optional<Entry> release(Volume volume) throws IOException {
        for (String path : List.of("etc/os-release", "usr/lib/os-release")) {
            Optional<Entry> file = volume.files().find(path);
            if (file.isPresent() && file.get().isFile()) {
                return file;
            }
        }
        return Optional.empty();
    }

    private static String name(Volume volume) throws IOException {
        Optional<Entry> file = release(volume);
        if (file.isEmpty()) {
            return "";
        }
        Matcher name = PRETTY_NAME.matcher(volume.files().text(file.get(), MAX_TEXT_BYTES));
        return name.find() ? name.group(1) : "";
    }

    /** The path of the first process; in merged-usr systems {@code /sbin} is a link. */
    private static String init(Volume volume) throws IOException {
        return hasAny(volume, "sbin/init", "usr/sbin/init") ? "/sbin/init" : null;
    }

    private static boolean hasShell(Volume volume) throws IOException {
        return hasAny(volume, "bin/sh", "usr/bin/sh");
    }

    private static boolean hasAny(Volume volume, String... paths) throws IOException {
        for (String path : paths) {
            if (volume.files().find(path).isPresent()) {
                return true;
            }
        }
        return false;
    }

    private static List<String> configurations(Volume root) throws IOException {
        List<Entry> files = new ArrayList<>();
        root.files().find("etc/default/grub").filter(Entry::isFile).ifPresent(files::add);
        root.files().list("etc/default/grub.d").stream()
                .filter(e -> e.isFile() && e.name().endsWith(".cfg"))
                .sorted(java.util.Comparator.comparing(Entry::name))
                .limit(MAX_CONFIGURATIONS)
                .forEach(files::add);
        List<String> texts = new ArrayList<>();
        for (Entry file : files) {
            texts.add(root.files().text(file, MAX_TEXT_BYTES));
        }
        return texts;
    }
}
