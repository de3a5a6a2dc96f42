package dev.stardust.ops.node;

import dev.stardust.vm.worker.FileTree;
import dev.stardust.vm.worker.WorkerRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's folder in memory: {@code /dev/shm/stardust-HASH}, with the file {@code owner} that names the node's data folder,
 * in which the link {@code shared} leads to it.
 */
public final class SharedFolder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedFolder.class);
    private static final String PREFIX = "stardust-";
    private static final String OWNER = "owner";

    private final Path link;
    private final Path folder;

    private SharedFolder(Path link, Path folder) {
        this.link = link;
        this.folder = folder;
    }

    /**
     * Makes an empty one, and removes those whose owners are gone.
     *
     * @param memory a file system in memory
     */
    static SharedFolder make(Path data, Path memory) throws IOException {
        removeForsaken(memory);
        Path link = data.resolve(WorkerRuntime.SHARED);
        Path folder = memory.resolve(PREFIX + hash(data));
        FileTree.delete(folder);
        // In this order: one without an owner is being made, one whose owner has no link to it is forsaken.
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, folder);
        Files.createDirectory(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(folder.resolve(OWNER), data.toString());
        return new SharedFolder(link, folder);
    }

    /** Removes that of a node that was killed, if it left one. */
    public static void removeLeft(Path data) throws IOException {
        Path link = data.resolve(WorkerRuntime.SHARED);
        if (!Files.isSymbolicLink(link)) {
            return;
        }
        Path folder = Files.readSymbolicLink(link);
        if (folder.getFileName().toString().startsWith(PREFIX) && Files.exists(folder.resolve(OWNER))) {
            new SharedFolder(link, folder).close();
        }
    }

    Path path() {
        return folder;
    }

    private static String hash(Path data) {
        CRC32C crc = new CRC32C();
        crc.update(data.toString().getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    private static void removeForsaken(Path memory) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(memory, PREFIX + "*")) {
            for (Path folder : folders) {
                try {
                    Path link = Path.of(Files.readString(folder.resolve(OWNER))).resolve(WorkerRuntime.SHARED);
                    if (!Files.isSymbolicLink(link)
                            || !Files.readSymbolicLink(link).equals(folder)) {
                        FileTree.delete(folder);
                    }
                } catch (IOException e) {
                    LOG.debug("{} is left alone: {}", folder, e.toString());
                }
            }
        }
    }

    /** Removes it; what is mapped stays until its readers end. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(link);
        FileTree.delete(folder);
    }
}
