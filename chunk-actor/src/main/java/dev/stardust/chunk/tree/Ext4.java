package dev.stardust.chunk.tree;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** File systems made of folders, by {@code mke2fs}: owners, modes, links and extended attributes stay. */
public final class Ext4 {
    static final String PACKAGE = "e2fsprogs";

    private static final int BLOCK_BYTES = 4096;
    private static final int INODE_BYTES = 256;

    /** Room for the journal, for groups' tables, and for whoever boots it. It is a hole as long as nobody writes there. */
    private static final long ROOM_BYTES = 128L << 20;

    private static final int BYTES_PER_INODE = 16_384;

    /** Inodes beyond those that are needed. */
    private static final int SPARE_INODES = 4096;

    private Ext4() {}

    /**
     * What a file system is to be like.
     *
     * @param sizeBytes its size, or 0 for what its files need and some room
     * @param uuid its UUID, from which its folders' hashes are seeded too, or null for one by chance
     */
    public record Shape(long sizeBytes, UUID uuid) {
        /** As large as need be. */
        public static final Shape FITTING = new Shape(0, null);
    }

    /** Makes an image of what is in a folder; {@code image} is a file that is there and empty. */
    public static void make(Path folder, Path image) throws IOException {
        Size size = new Size();
        Files.walkFileTree(folder, new Sizes(size));
        Tool.run(PACKAGE, "to make an image of " + folder, command(folder, image, size, Shape.FITTING));
    }

    /**
     * What makes an image of a folder of that size.
     *
     * @throws IOException when the files do not fit
     */
    static List<String> command(Path folder, Path image, Size size, Shape shape) throws IOException {
        // A disk of a given size is to be filled: it gets as many inodes as mke2fs gives one of that size.
        long inodes = Math.max(size.inodes + size.inodes / 8 + SPARE_INODES, shape.sizeBytes() / BYTES_PER_INODE);
        long bytes = size.bytes + size.bytes / 16 + inodes * INODE_BYTES + ROOM_BYTES;
        if (shape.sizeBytes() != 0) {
            if (shape.sizeBytes() < bytes) {
                throw new IOException("its files need a disk of " + mib(bytes) + " MiB at least");
            }
            bytes = shape.sizeBytes();
        }
        List<String> command = new ArrayList<>(List.of(
                Tool.ofSystem("mke2fs"),
                "-q",
                "-F",
                "-t",
                "ext4",
                "-b",
                Integer.toString(BLOCK_BYTES),
                "-N",
                Long.toString(inodes)));
        if (shape.uuid() != null) {
            command.addAll(List.of("-U", shape.uuid().toString(), "-E", "hash_seed=" + shape.uuid()));
        }
        command.addAll(List.of("-d", folder.toString(), image.toString(), mib(bytes) + "M"));
        return command;
    }

    private static long mib(long bytes) {
        return (bytes + (1 << 20) - 1) / (1 << 20);
    }

    /** What files take in a file system. */
    static final class Size {
        private long bytes;
        private long inodes;

        /**
         * Adds a file.
         *
         * @param blocks that it needs beside those of its content
         */
        void add(long contentBytes, int blocks) {
            inodes++;
            bytes += (contentBytes + BLOCK_BYTES) / BLOCK_BYTES * BLOCK_BYTES + (long) blocks * BLOCK_BYTES;
        }
    }

    /** Adds the files of a tree, links not followed. */
    private static final class Sizes extends SimpleFileVisitor<Path> {
        private final Size size;

        Sizes(Size size) {
            this.size = size;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return add(attributes);
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            return add(attributes);
        }

        private FileVisitResult add(BasicFileAttributes attributes) {
            size.add(attributes.size(), 0);
            return FileVisitResult.CONTINUE;
        }
    }
}
