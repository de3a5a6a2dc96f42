package dev.stardust.chunk.local;

import dev.stardust.chunk.file.Tool;
import dev.stardust.chunk.manifest.DiskData;
import dev.stardust.chunk.manifest.RawFile;
import dev.stardust.chunk.tree.ArchiveImage;
import dev.stardust.chunk.tree.Ext4;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a disk is made of, as {@link DiskData}: a raw image, one of another format, or files that become a file system of their
 * own: a folder's, an archive's, a container's.
 */
public final class DiskFile implements DiskData {
    private final String name;
    private final RawFile raw;
    private final Path temporary;

    private DiskFile(String name, RawFile raw, Path temporary) {
        this.name = name;
        this.raw = raw;
        this.temporary = temporary;
    }

    /** Makes a raw image. */
    @FunctionalInterface
    private interface Maker {
        /** Fills {@code raw}, which is there and empty; {@code folder} takes what is in between. */
        void make(Path source, Path raw, Path folder) throws IOException;
    }

    /**
     * Opens a raw image, one of another format, a folder, or an archive.
     *
     * @param folder takes a raw copy of what is not raw, until this is closed
     */
    public static DiskData open(Path source, Path folder) throws IOException {
        Maker maker = maker(source);
        if (maker == null) {
            return RawFile.open(source);
        }
        Path copy = Files.createTempFile(Files.createDirectories(folder), "converted-", ".raw");
        try {
            maker.make(source, copy, folder);
            return new DiskFile(source.toString(), RawFile.open(copy), copy);
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
            return (from, raw, between) -> Ext4.make(from, raw);
        }
        return Qcow2.is(source) ? (from, raw, between) -> Qcow2.convert(from, raw) : null;
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
            Files.deleteIfExists(temporary);
        }
    }
}
