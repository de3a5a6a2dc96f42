package dev.stardust.chunk.tree;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** The files of an image of a container, by their names in it: of a folder, or of a tar, which is unpacked into a spool. */
final class ArchiveFiles implements AutoCloseable {
    private static final int MAX_FILES = 100_000;
    private static final int MAX_JSON_BYTES = 16 << 20;

    private final Path folder;
    private final Spool spool;
    private final Map<String, long[]> ranges = new HashMap<>();

    /** @param folder of the files, null if they are in the spool */
    private ArchiveFiles(Path folder, Spool spool) {
        this.folder = folder;
        this.spool = spool;
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
                String path = String.join("/", FileTree.parts(e.getName()));
                if (e.isSymbolicLink() || e.isLink()) {
                    // Old docker: layers that are alike are links to each other.
                    String target = e.isLink() ? e.getLinkName() : sibling(path, e.getLinkName());
                    long[] range = files.ranges.get(target);
                    if (range != null) {
                        files.ranges.put(path, range);
                    }
                } else if (e.isFile()) {
                    long at = spool.append(in);
                    files.ranges.put(path, new long[] {at, spool.end() - at});
                }
            }
        } catch (BadArchiveException e) {
            throw new BadArchiveException(name + ": " + e.getMessage(), e);
        } catch (IOException | IllegalArgumentException e) {
            throw new BadArchiveException(name + " is damaged at " + in.getBytesRead() + ": " + e.getMessage(), e);
        }
        return files;
    }

    private static String sibling(String path, String link) {
        Path parent = Path.of(path).getParent();
        return (parent == null ? Path.of(link) : parent.resolve(link)).normalize().toString();
    }

    boolean has(String name) throws IOException {
        return folder == null ? ranges.containsKey(name) : Files.isRegularFile(inFolder(name), LinkOption.NOFOLLOW_LINKS);
    }

    /** Opens a file. @throws BadArchiveException when it is not there */
    InputStream open(String name) throws IOException {
        if (!has(name)) {
            throw new BadArchiveException("the file '" + name + "' is missing in it");
        }
        if (folder != null) {
            return Files.newInputStream(inFolder(name), LinkOption.NOFOLLOW_LINKS);
        }
        long[] range = ranges.get(name);
        return spool.open(range[0], range[1]);
    }

    /** A file that describes others, whole. */
    byte[] json(String name) throws IOException {
        try (InputStream in = open(name)) {
            byte[] bytes = in.readNBytes(MAX_JSON_BYTES + 1);
            if (bytes.length > MAX_JSON_BYTES) {
                throw new BadArchiveException("the file '" + name + "' in it has more than " + MAX_JSON_BYTES + " bytes");
            }
            return bytes;
        }
    }

    private Path inFolder(String name) throws IOException {
        return folder.resolve(String.join("/", FileTree.parts(name)));
    }

    @Override
    public void close() throws IOException {
        if (spool != null) {
            spool.close();
        }
    }
}
