package dev.stardust.ops.image;

import dev.stardust.ops.image.ExtVolume.Entry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the kernel that an image would start, and its initrd, in what the names of files in {@code /boot} tell. */
final class KernelFinder {
    private static final String PREFIX = "vmlinuz-";
    private static final long MAX_INITRD_BYTES = 512L << 20;

    private static final Pattern KERNEL = Pattern.compile(PREFIX + "([0-9A-Za-z][0-9A-Za-z._+~-]{0,99})");
    private static final Pattern NOT_WANTED = Pattern.compile(".*(rescue|kdump|\\.old$|\\.bak$|\\.efi\\.signed$).*");
    private static final Pattern PART = Pattern.compile("[0-9]+|[^0-9]+");

    private final Path folder;
    private final List<String> notes;

    /**
     * A finder.
     *
     * @param folder takes copies
     * @param notes takes what the user should know
     */
    KernelFinder(Path folder, List<String> notes) {
        this.folder = folder;
        this.notes = notes;
    }

    /**
     * A folder that may have kernels.
     *
     * @param above what is in the folder above, where a link may name the kernel to be started
     */
    record Folder(ExtVolume files, List<Entry> entries, List<Entry> above) {}

    /** Copies the kernel and the initrd of the first folder that has both; null if none has. */
    FoundSystem.OwnKernel find(List<Folder> folders) throws IOException {
        String alone = null;
        for (Folder each : folders) {
            for (String version : versions(each)) {
                Optional<Entry> initrd = initrd(each, version);
                if (initrd.isEmpty()) {
                    alone = version;
                    continue;
                }
                Path kernel = folder.resolve("own-kernel");
                Path copy = folder.resolve("own-initrd");
                each.files().copy(file(each, PREFIX + version).orElseThrow(), kernel, KernelImage.MAX_PACKED_BYTES);
                each.files().copy(initrd.get(), copy, MAX_INITRD_BYTES);
                return new FoundSystem.OwnKernel(version, kernel, copy);
            }
        }
        if (alone != null) {
            notes.add("there is the kernel " + PREFIX + alone + " in it, but no initrd of its version");
        }
        return null;
    }

    /** The versions of the kernels in a folder: first the one that a link names, then the newest. */
    private static List<String> versions(Folder in) throws IOException {
        List<String> versions = new ArrayList<>();
        for (Entry e : in.entries()) {
            Matcher name = KERNEL.matcher(e.name());
            if (e.isFile() && name.matches() && !NOT_WANTED.matcher(e.name()).matches()) {
                versions.add(name.group(1));
            }
        }
        versions.sort(
                Comparator.comparing((String v) -> v, KernelFinder::compare).reversed());
        for (List<Entry> where : List.of(in.entries(), in.above())) {
            for (Entry e : where) {
                if (e.isLink() && e.name().equals("vmlinuz")) {
                    String target = in.files().target(e).orElse("");
                    String version =
                            target.substring(target.lastIndexOf('/') + 1).replaceFirst("^" + PREFIX, "");
                    if (versions.remove(version)) {
                        versions.add(0, version);
                    }
                }
            }
        }
        return versions;
    }

    /** Debian and Ubuntu, Fedora, SUSE, Alpine. */
    private static Optional<Entry> initrd(Folder in, String version) {
        for (String name : List.of(
                "initrd.img-" + version,
                "initramfs-" + version + ".img",
                "initrd-" + version,
                "initramfs-" + version)) {
            Optional<Entry> found = file(in, name);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    private static Optional<Entry> file(Folder in, String name) {
        return in.entries().stream()
                .filter(e -> e.isFile() && e.name().equals(name) && e.sizeBytes() > 0)
                .findFirst();
    }

    /** Orders versions as people count: 6.1.0-9 before 6.1.0-18. */
    static int compare(String one, String other) {
        Matcher a = PART.matcher(one);
        Matcher b = PART.matcher(other);
        while (true) {
            boolean moreA = a.find();
            boolean moreB = b.find();
            if (!moreA || !moreB) {
                return Boolean.compare(moreA, moreB);
            }
            int order = comparePart(a.group(), b.group());
            if (order != 0) {
                return order;
            }
        }
    }

    private static int comparePart(String a, String b) {
        boolean numbers = Character.isDigit(a.charAt(0)) && Character.isDigit(b.charAt(0));
        if (!numbers) {
            return a.compareTo(b);
        }
        return new java.math.BigInteger(a).compareTo(new java.math.BigInteger(b));
    }
}
