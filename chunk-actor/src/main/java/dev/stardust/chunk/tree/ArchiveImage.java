package dev.stardust.chunk.tree;

import com.github.luben.zstd.ZstdIOException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.ZipException;

/** Disks of archives: tars of a tree of files, OCI image layouts, and what {@code docker save} writes. */
public final class ArchiveImage {
    /** What an archive unpacks to at most: beyond that it is taken for a bomb. */
    static final long MAX_BYTES = 64L << 30;

    private static final int BLOCK_BYTES = 512;
    private static final int MAGIC_AT = 257;
    private static final String MAGIC = "ustar";

    private ArchiveImage() {}

    /** Whether a file is a tar, compressed by gzip or zstd or not, or a folder an OCI image layout. */
    public static boolean is(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return Files.isRegularFile(path.resolve("oci-layout"));
        }
        try (InputStream in = open(path)) {
            byte[] block = in.readNBytes(BLOCK_BYTES);
            return block.length == BLOCK_BYTES
                    && new String(block, MAGIC_AT, MAGIC.length(), StandardCharsets.ISO_8859_1).equals(MAGIC);
        } catch (EOFException | ZipException | ZstdIOException e) {
            return false; // It only begins as if it were compressed.
        }
    }

    /**
     * Makes an ext4 of an archive.
     *
     * @param image a file that is there and empty
     * @param folder takes what is in between
     * @return what a container of it is to run, empty if the archive is no image of a container
     * @throws BadArchiveException when the archive is damaged, or leads out of its tree
     */
    public static Optional<ContainerConfig> make(Path archive, Path image, Path folder) throws IOException {
        return make(archive, image, folder, Ext4.Shape.FITTING);
    }

    /** As the other, an ext4 of that shape. */
    public static Optional<ContainerConfig> make(Path archive, Path image, Path folder, Ext4.Shape shape)
            throws IOException {
        try (Spool spool = new Spool(folder, MAX_BYTES)) {
            FileTree tree = new FileTree();
            Optional<ContainerConfig> config = read(archive, new TarLayer(tree, spool), folder);
            new TreeDisk(tree, folder, shape).make(image);
            return config;
        }
    }

    /**
     * Reads the tree of an archive.
     *
     * @param spool takes its files' bytes
     */
    static FileTree read(Path archive, Spool spool, Path folder) throws IOException {
        FileTree tree = new FileTree();
        read(archive, new TarLayer(tree, spool), folder);
        return tree;
    }

    private static Optional<ContainerConfig> read(Path archive, TarLayer layers, Path folder) throws IOException {
        if (Files.isDirectory(archive)) {
            return Optional.of(new ContainerImage(archive.toString(), ArchiveFiles.ofFolder(archive)).applyTo(layers));
        }
        if (isOfImage(archive)) {
            try (ArchiveFiles files = unpacked(archive, folder)) {
                return Optional.of(new ContainerImage(archive.toString(), files).applyTo(layers));
            }
        }
        try (InputStream tar = open(archive)) {
            layers.apply(archive.toString(), tar);
            return Optional.empty();
        }
    }

    private static boolean isOfImage(Path archive) throws IOException {
        try (InputStream tar = open(archive)) {
            return ArchiveFiles.isOfImage(tar);
        } catch (IllegalArgumentException | IOException e) {
            throw new BadArchiveException(archive + " is damaged at its beginning: " + e.getMessage(), e);
        }
    }

    private static ArchiveFiles unpacked(Path archive, Path folder) throws IOException {
        try (InputStream tar = open(archive)) {
            return ArchiveFiles.ofTar(archive.toString(), tar, new Spool(folder, MAX_BYTES));
        }
    }

    private static InputStream open(Path archive) throws IOException {
        return Compressed.unpacked(Files.newInputStream(archive));
    }
}
