package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Disk images with a file system, made without mounting anything. */
final class Ext4Image {
    private static final int MKFS_TIMEOUT_S = 120;
    private static final long MIB = 1 << 20;

    /** For the file system's own tables; what stays unused costs nothing, the file is sparse. */
    private static final long SPARE_MIB = 64;

    private Ext4Image() {}

    /** Makes an image that has what is in a folder. */
    static void make(Path folder, Path image) throws IOException {
        long bytes;
        try (Stream<Path> files = Files.walk(folder)) {
            bytes = files.mapToLong(f -> f.toFile().length()).sum();
        }
        String size = bytes / MIB * 5 / 4 + SPARE_MIB + "M";
        External.run(
                MKFS_TIMEOUT_S,
                List.of(
                        "/usr/sbin/mkfs.ext4",
                        "-q",
                        "-F",
                        "-O",
                        "^has_journal",
                        "-E",
                        "root_owner=0:0",
                        "-d",
                        folder.toString(),
                        image.toString(),
                        size));
    }
}
