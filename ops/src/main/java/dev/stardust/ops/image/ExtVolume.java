package dev.stardust.ops.image;

import dev.stardust.chunk.file.Tool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files of an ext2, 3 or 4 within a disk image, read by debugfs of e2fsprogs, which never mounts it. Files are asked for by
 * their inode's number: names of a hostile image do not get into a command.
 */
final class ExtVolume {
    private static final int ROOT = 2;
    private static final String TIMEOUT_S = "60";
    private static final int MAX_LISTING_BYTES = 8 << 20;
    private static final int TYPE = 0170000;
    private static final int FOLDER = 0040000;
    private static final int FILE = 0100000;
    private static final int LINK = 0120000;

    /** {@code ls -p}: inode, mode, owner, group, name, size. */
    private static final Pattern ENTRY =
            Pattern.compile("/([0-9]{1,10})/([0-7]{1,6})/[0-9]+/[0-9]+/([^/]+)/([0-9]{0,18})/");

    private static final Pattern TARGET = Pattern.compile("(?m)^Fast link dest: \"([^\"\n]*)\"$");

    private final Path disk;
    private final long startByte;

    /**
     * The file system at that place of an image.
     *
     * @param disk a path without question marks, which debugfs would take for options
     */
    ExtVolume(Path disk, long startByte) {
        this.disk = disk;
        this.startByte = startByte;
    }

    /** A name in a folder. */
    record Entry(long inode, int mode, String name, long sizeBytes) {
        boolean isFolder() {
            return (mode & TYPE) == FOLDER;
        }

        boolean isFile() {
            return (mode & TYPE) == FILE;
        }

        boolean isLink() {
            return (mode & TYPE) == LINK;
        }
    }

    /** What is in a folder; empty if there is no such folder. Links are not followed. */
    List<Entry> list(String path) throws IOException {
        if (path.isEmpty()) {
            return list(ROOT);
        }
        Optional<Entry> folder = find(path);
        return folder.isPresent() && folder.get().isFolder() ? list(folder.get().inode()) : List.of();
    }

    /** The file of that path, which begins with no slash. Links are not followed. */
    Optional<Entry> find(String path) throws IOException {
        List<Entry> here = list(ROOT);
        Optional<Entry> found = Optional.empty();
        for (String name : path.split("/")) {
            found = here.stream().filter(e -> e.name().equals(name)).findFirst();
            if (found.isEmpty()) {
                return found;
            }
            here = found.get().isFolder() ? list(found.get().inode()) : List.of();
        }
        return found;
    }

    private List<Entry> list(long folder) throws IOException {
        List<Entry> entries = new ArrayList<>();
        String listing = new String(ask("ls -p <" + folder + ">", MAX_LISTING_BYTES), StandardCharsets.UTF_8);
        listing.lines().forEach(line -> {
            Matcher m = ENTRY.matcher(line);
            if (m.matches() && !m.group(1).equals("0")) {
                entries.add(new Entry(
                        Long.parseLong(m.group(1)),
                        Integer.parseInt(m.group(2), 8),
                        m.group(3),
                        m.group(4).isEmpty() ? 0 : Long.parseLong(m.group(4))));
            }
        });
        return entries;
    }

    /** Where a short link leads; empty for a long one. */
    Optional<String> target(Entry link) throws IOException {
        String stat = new String(ask("stat <" + link.inode() + ">", 1 << 16), StandardCharsets.UTF_8);
        Matcher m = TARGET.matcher(stat);
        return m.find() ? Optional.of(m.group(1)) : Optional.empty();
    }

    /** The text of a small file. */
    String text(Entry file, int maxBytes) throws IOException {
        requireSize(file, maxBytes);
        return new String(ask("cat <" + file.inode() + ">", maxBytes), StandardCharsets.UTF_8);
    }

    /** Writes a file's content into a new file. */
    void copy(Entry file, Path to, long maxBytes) throws IOException {
        requireSize(file, maxBytes);
        try (OutputStream out = Files.newOutputStream(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ask("cat <" + file.inode() + ">", in -> copy(in, out, file.sizeBytes()));
        }
        if (Files.size(to) != file.sizeBytes()) {
            throw new IOException("the file " + file.name() + " in it is damaged: it has " + Files.size(to)
                    + " bytes, not " + file.sizeBytes());
        }
    }

    private static void requireSize(Entry file, long maxBytes) throws IOException {
        if (!file.isFile() || file.sizeBytes() > maxBytes) {
            throw new IOException(
                    "the file " + file.name() + " in it has " + file.sizeBytes() + " bytes, more than " + maxBytes);
        }
    }

    private byte[] ask(String request, int maxBytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ask(request, in -> copy(in, out, maxBytes));
        return out.toByteArray();
    }

    private static void copy(InputStream in, OutputStream out, long maxBytes) throws IOException {
        byte[] part = new byte[1 << 16];
        long left = maxBytes;
        for (int n = in.read(part); n >= 0; n = in.read(part)) {
            if (n > left) {
                throw new IOException("a file in it is longer than it says");
            }
            out.write(part, 0, n);
            left -= n;
        }
    }

    /** It does not read the bitmaps (-c), and is stopped if a damaged file system leads it in circles. */
    private void ask(String request, Tool.Output output) throws IOException {
        Tool.read(
                "e2fsprogs",
                "to look into a disk",
                List.of(
                        "timeout",
                        TIMEOUT_S,
                        Tool.ofSystem("debugfs"),
                        "-c",
                        "-R",
                        request,
                        disk + "?offset=" + startByte),
                output);
    }
}
