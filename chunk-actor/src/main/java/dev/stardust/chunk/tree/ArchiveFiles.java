package dev.stardust.chunk.tree;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** The files of an image of a container, by their names in it: of a folder, or of a tar, which is unpacked into a spool. */
final class ArchiveFiles implements AutoCloseable {
    /** What lies at the top of OCI layouts, and of what docker, podman and skopeo save. */
    private static final Pattern IN_AN_IMAGE = Pattern.compile(
            "(oci-layout|index\\.json|manifest\\.json|repositories|blobs|(sha256:)?[0-9a-f]{64}(\\.json|\\.tar|\\.tar\\.gz)?)(/.*)?");

    private static final int MAX_FILES = 100_000;
    private static final int MAX_JSON_BYTES = 16 << 20;

    /** Of the files, null if they are in the spool. */
    private final Path folder;

    private final Spool spool;

    private final Map<String, Spool.Range> ranges = new HashMap<>();

    private ArchiveFiles(Path folder, Spool spool) {
        this.folder = folder;
        this.spool = spool;
    }

    /** Whether a tar begins like one of an image of a container, and not like one of a tree of files. */
    static boolean isOfImage(InputStream tar) throws IOException {
        TarArchiveInputStream in = new TarArchiveInputStream(tar, StandardCharsets.UTF_8.name());
        for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
            String path = FileTree.normal(e.getName());
            if (!path.isEmpty()) {
                return IN_AN_IMAGE.matcher(path).matches();
            }
        }
        return false;
    }

    static ArchiveFiles ofFolder(Path folder) {
        return new ArchiveFiles(folder, null);
    }

    /** Unpacks a tar. The spool is closed with this. */
    static ArchiveFiles ofTar(String name, InputStream tar, Spool spool) throws IOException {
        ArchiveFiles files = new ArchiveFiles(null, spool);
        TarArchiveInputStream in = new TarArchiveInputStream(tar, StandardCharsets.UTF_8.name());
        try {
            for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                if (files.ranges.size() > MAX_FILES) {
                    throw new BadArchiveException("it has more than " + MAX_FILES + " files");
                }
                String path = FileTree.normal(e.getName());
                if (e.isSymbolicLink() || e.isLink()) {
                    // Layers that are alike may be links to each other.
                    String target = e.isLink() ? FileTree.normal(e.getLinkName()) : sibling(path, e.getLinkName());
                    Spool.Range range = files.ranges.get(target);
                    if (range != null) {
                        files.ranges.put(path, range);
                    }
                } else if (e.isFile()) {
                    files.ranges.put(path, spool.append(in));
                }
            }
        } catch (BadArchiveException e) {
            spool.close();
            throw new BadArchiveException(name + ": " + e.getMessage(), e);
        } catch (IOException | IllegalArgumentException e) {
            spool.close();
            throw new BadArchiveException(name + " is damaged at " + in.getBytesRead() + ": " + e.getMessage(), e);
        }
        return files;
    }

    private static String sibling(String path, String link) {
        Path parent = Path.of(path).getParent();
        return (parent == null ? Path.of(link) : parent.resolve(link))
                .normalize()
                .toString();
    }

    boolean has(String name) throws IOException {
        return folder == null
                ? ranges.containsKey(name)
                : Files.isRegularFile(inFolder(name), LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Opens a file.
     *
     * @throws BadArchiveException when it is not there
     */
    InputStream open(String name) throws IOException {
        if (!has(name)) {
            throw new BadArchiveException("the file '" + name + "' is missing in it");
        }
        if (folder != null) {
            return Files.newInputStream(inFolder(name), LinkOption.NOFOLLOW_LINKS);
        }
        return ranges.get(name).open();
    }

    /** A file that describes others, whole. */
    byte[] json(String name) throws IOException {
        try (InputStream in = open(name)) {
            byte[] bytes = in.readNBytes(MAX_JSON_BYTES + 1);
            if (bytes.length > MAX_JSON_BYTES) {
                throw new BadArchiveException(
                        "the file '" + name + "' in it has more than " + MAX_JSON_BYTES + " bytes");
            }
            return bytes;
        }
    }

    private Path inFolder(String name) throws IOException {
        return folder.resolve(FileTree.normal(name));
    }

    @Override
    public void close() throws IOException {
        if (spool != null) {
            spool.close();
        }
    }
}
