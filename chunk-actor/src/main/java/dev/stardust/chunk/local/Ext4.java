package dev.stardust.chunk.local;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/** File systems made of folders, by {@code mke2fs}: owners, modes, links and extended attributes stay. */
final class Ext4 {
    private static final int BLOCK_BYTES = 4096;
    private static final int INODE_BYTES = 256;

    /** Room for the journal, for groups' tables, and for whoever boots it. It is a hole as long as nobody writes there. */
    private static final long ROOM_BYTES = 128L << 20;

    /** Inodes beyond those that are needed. */
    private static final int SPARE_INODES = 4096;

    private Ext4() {}

    /** Makes an image of what is in a folder; {@code image} is a file that is there and empty. */
    static void make(Path folder, Path image) throws IOException {
        Sizes sizes = new Sizes();
        Files.walkFileTree(folder, sizes);
        long inodes = sizes.inodes + sizes.inodes / 8 + SPARE_INODES;
        long bytes = sizes.bytes + sizes.bytes / 16 + inodes * INODE_BYTES + ROOM_BYTES;
        Tool.run(
                "e2fsprogs",
                "to make an image of " + folder,
                List.of(
                        program(),
                        "-q",
                        "-F",
                        "-t",
                        "ext4",
                        "-b",
                        Integer.toString(BLOCK_BYTES),
                        "-N",
                        Long.toString(inodes),
                        "-d",
                        folder.toString(),
                        image.toString(),
                        (bytes + (1 << 20) - 1) / (1 << 20) + "M"));
    }

    /** Debian has it where only root's shell looks. */
    private static String program() {
        Path sbin = Path.of("/usr/sbin/mke2fs");
        return Files.isExecutable(sbin) ? sbin.toString() : "mke2fs";
    }

    /** What the files of a tree take, links not followed. */
    private static final class Sizes extends SimpleFileVisitor<Path> {
        private long bytes;
        private long inodes;

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return add(attributes);
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            return add(attributes);
        }

        private FileVisitResult add(BasicFileAttributes attributes) {
            inodes++;
            bytes += (attributes.size() + BLOCK_BYTES) / BLOCK_BYTES * BLOCK_BYTES;
            return FileVisitResult.CONTINUE;
        }
    }
}
