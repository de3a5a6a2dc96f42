package dev.stardust.chunk.local;

import dev.stardust.chunk.file.Tool;
import dev.stardust.chunk.manifest.DiskData;
import dev.stardust.chunk.manifest.RawFile;
import dev.stardust.chunk.tree.ArchiveImage;
import dev.stardust.chunk.tree.ContainerConfig;
import dev.stardust.chunk.tree.Ext4;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a disk is made of, as {@link DiskData}: a raw image, one of another format, or files that become a file system of their
 * own: a folder's, an archive's, a container's.
 */
public final class DiskFile implements DiskData {
    private final String name;
    private final RawFile raw;
    private final Path path;
    private final boolean temporary;
    private final ContainerConfig container;

    private DiskFile(String name, RawFile raw, Path path, boolean temporary, ContainerConfig container) {
        this.name = name;
        this.raw = raw;
        this.path = path;
        this.temporary = temporary;
        this.container = container;
    }

    /** Makes a raw image. */
    @FunctionalInterface
    private interface Maker {
        /**
         * Fills {@code raw}, which is there and empty; {@code folder} takes what is in between. Returns what a container
         * of it is to run, if it is of one.
         */
        Optional<ContainerConfig> make(Path source, Path raw, Path folder) throws IOException;
    }

    /**
     * Opens a raw image, one of another format, a folder, or an archive.
     *
     * @param folder takes a raw copy of what is not raw, until this is closed
     */
    public static DiskFile open(Path source, Path folder) throws IOException {
        Maker maker = maker(source);
        if (maker == null) {
            return new DiskFile(source.toString(), RawFile.open(source), source, false, null);
        }
        Path copy = Files.createTempFile(Files.createDirectories(folder), "converted-", ".raw");
        try {
            ContainerConfig container = maker.make(source, copy, folder).orElse(null);
            return new DiskFile(source.toString(), RawFile.open(copy), copy, true, container);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(copy);
            throw e;
        }
    }

    /** Removes what a crash has left in a folder of copies, with the folder. */
    public static void removeLeftovers(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            Tool.run("coreutils", "to remove " + folder, List.of("rm", "-rf", "--", folder.toString()));
        }
    }

    /** Null for what is raw. */
    private static Maker maker(Path source) throws IOException {
        boolean tree = Files.isDirectory(source);
        if (!tree && !Files.isRegularFile(source)) {
            return null;
        }
        if (ArchiveImage.is(source)) {
            return ArchiveImage::make;
        }
        if (tree) {
            return (from, raw, between) -> {
                Ext4.make(from, raw);
                return Optional.empty();
            };
        }
        return Qcow2.is(source)
                ? (from, raw, between) -> {
                    Qcow2.convert(from, raw);
                    return Optional.empty();
                }
                : null;
    }

    /** The raw image that is read; only until this is closed if it is a copy. */
    public Path path() {
        return path;
    }

    /** What a container of it is to run, if it is the image of one. */
    public Optional<ContainerConfig> container() {
        return Optional.ofNullable(container);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long expectedBytes() {
        return raw.expectedBytes();
    }

    @Override
    public int read(long address, int capacity) throws IOException {
        return raw.read(address, capacity);
    }

    @Override
    public long offset() {
        return raw.offset();
    }

    @Override
    public long sizeBytes() throws IOException {
        return raw.sizeBytes();
    }

    @Override
    public void close() throws IOException {
        try (raw) {
            if (temporary) {
                Files.deleteIfExists(path);
            }
        }
    }
}
