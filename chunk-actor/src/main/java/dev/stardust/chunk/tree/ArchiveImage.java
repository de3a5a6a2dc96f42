package dev.stardust.chunk.tree;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Disks of archives: tars of a root, OCI image layouts, and what {@code docker save} writes. */
public final class ArchiveImage {
    /** What an archive unpacks to at most: beyond that it is taken for a bomb. */
    private static final long MAX_BYTES = 64L << 30;

    private static final int BLOCK_BYTES = 512;
    private static final int MAGIC_AT = 257;
    private static final String MAGIC = "ustar";

    private ArchiveImage() {}

    /** Whether a file is a tar, compressed or not, or a folder an OCI image layout. */
    public static boolean is(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return Files.isRegularFile(path.resolve("oci-layout"));
        }
        try (InputStream in = Compressed.unpacked(Files.newInputStream(path))) {
            byte[] block = in.readNBytes(BLOCK_BYTES);
            return block.length == BLOCK_BYTES
                    && new String(block, MAGIC_AT, MAGIC.length(), java.nio.charset.StandardCharsets.ISO_8859_1)
                            .equals(MAGIC);
        } catch (java.util.zip.ZipException | com.github.luben.zstd.ZstdIOException e) {
            return false;
        }
    }

    /**
     * Makes an ext4 of an archive.
     *
     * @param image a file that is there and empty
     * @param folder takes what is in between
     * @throws BadArchiveException when the archive is damaged, or leads out of its tree
     */
    public static void make(Path archive, Path image, Path folder) throws IOException {
        FileTree tree = new FileTree();
        try (Spool content = new Spool(folder, MAX_BYTES);
                ArchiveFiles files = files(archive, folder)) {
            TarLayer layers = new TarLayer(tree, content);
            if (ContainerImage.is(files)) {
                new ContainerImage(archive.toString(), files).applyTo(layers);
            } else {
                try (InputStream tar = open(archive)) {
                    layers.apply(archive.toString(), tar);
                }
            }
            new TreeDisk(tree, content, folder).make(image);
        }
    }

    private static ArchiveFiles files(Path archive, Path folder) throws IOException {
        if (Files.isDirectory(archive)) {
            return ArchiveFiles.ofFolder(archive);
        }
        try (InputStream tar = open(archive)) {
            return ArchiveFiles.ofTar(archive.toString(), tar, new Spool(folder, MAX_BYTES));
        }
    }

    private static InputStream open(Path archive) throws IOException {
        return Compressed.unpacked(new BufferedInputStream(Files.newInputStream(archive)));
    }
}
