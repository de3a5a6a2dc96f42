package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A disk that a guest has as its root: ext4 with a journal, busybox and a script that is process 1. */
final class RootImage {
    static final int SIZE_MIB = 48;

    private static final int TOOL_TIMEOUT_S = 60;

    private RootImage() {}

    static void make(Path busybox, Path image) throws IOException {
        try (TempFolder content = TempFolder.create(image.getParent(), "root-")) {
            Path tree = content.path();
            for (String folder : List.of("bin", "sbin", "dev", "proc", "many")) {
                Files.createDirectory(tree.resolve(folder));
            }
            Files.copy(busybox, tree.resolve("bin/busybox"));
            Path init = tree.resolve("sbin/init");
            try (InputStream script = RootImage.class.getResourceAsStream("root-init.sh")) {
                Files.copy(script, init);
            }
            if (!init.toFile().setExecutable(true)
                    || !tree.resolve("bin/busybox").toFile().setExecutable(true)) {
                throw new IOException("cannot make " + init + " executable");
            }
            External.run(
                    TOOL_TIMEOUT_S,
                    List.of(
                            "/usr/sbin/mkfs.ext4",
                            "-q",
                            "-F",
                            "-E",
                            "root_owner=0:0",
                            "-d",
                            tree.toString(),
                            image.toString(),
                            SIZE_MIB + "M"));
        }
    }

    /**
     * Looks at the disk after the guest from outside: the file system must be sound without any repair.
     *
     * @return the MD5 of a file in it, hex
     */
    static String checked(Path image, String file) {
        External.run(TOOL_TIMEOUT_S, List.of("/usr/sbin/e2fsck", "-f", "-n", image.toString()));
        String sum = External.run(
                TOOL_TIMEOUT_S,
                List.of(
                        "sh",
                        "-c",
                        "/usr/sbin/debugfs -R 'cat " + file + "' \"$1\" 2>/dev/null | md5sum",
                        "sh",
                        image.toString()));
        return sum.split(" ", 2)[0];
    }
}
