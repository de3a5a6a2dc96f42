package dev.stardust.ops.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** A real Debian root filesystem: 512 MiB of ext4 made by mmdebstrap, cached for the next time. */
public final class DebianImage {
    private static final String SUITE = "bookworm";
    private static final long SIZE_MIB = 512;

    private DebianImage() {}

    /** The cached image's path, whether or not it is there. */
    public static Path cached() {
        return cacheFolder().resolve("debian-" + SUITE + "-" + SIZE_MIB + ".ext4");
    }

    /** Our part of the user's cache: whatever is there can be made again. */
    public static Path cacheFolder() {
        String cache = System.getenv("XDG_CACHE_HOME");
        Path base = cache != null ? Path.of(cache) : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("stardust");
    }

    /** Makes the image unless it is there; 20 to 60 s the first time. */
    public static Path make() throws IOException, InterruptedException {
        Path image = cached();
        if (Files.exists(image)) {
            return image;
        }
        Files.createDirectories(image.getParent());
        Path work = Files.createTempDirectory(image.getParent(), "build-");
        try {
            Path root = work.resolve("root");
            Path unfinished = work.resolve("image.ext4");
            boolean isRoot = ProcessHandle.current().info().user().orElse("").equals("root");
            List<String> bootstrap = List.of(
                    "mmdebstrap",
                    "--variant=minbase",
                    "--mode=" + (isRoot ? "root" : "unshare"),
                    "--dpkgopt=path-exclude=/usr/share/doc/*",
                    "--aptopt=Apt::Install-Recommends false",
                    SUITE,
                    root.toString());
            run(bootstrap, work.resolve("mmdebstrap.log"));
            List<String> format = new ArrayList<>();
            if (!isRoot) {
                // The files belong to sub-ids: only inside the same user namespace can they be read.
                format.addAll(List.of("mmdebstrap", "--unshare-helper"));
            }
            format.addAll(List.of(
                    "/usr/sbin/mkfs.ext4",
                    "-q",
                    "-d",
                    root.toString(),
                    "-L",
                    "stardust",
                    unfinished.toString(),
                    SIZE_MIB + "M"));
            run(format, work.resolve("mkfs.log"));
            Files.move(unfinished, image, StandardCopyOption.ATOMIC_MOVE);
            return image;
        } finally {
            run(
                    List.of(
                            "sh",
                            "-c",
                            "rm -rf \"$1\" 2>/dev/null || mmdebstrap --unshare-helper rm -rf \"$1\"",
                            "sh",
                            work.toString()),
                    null);
        }
    }

    private static void run(List<String> command, Path log) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectOutput(
                log == null ? ProcessBuilder.Redirect.DISCARD : ProcessBuilder.Redirect.to(log.toFile()));
        int code = builder.start().waitFor();
        if (code != 0 && log != null) {
            List<String> lines = Files.readAllLines(log);
            throw new IOException(command.get(0) + " failed with exit code " + code + ": "
                    + String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size())));
        }
    }
}
