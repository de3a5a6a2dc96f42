package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.External;
import dev.stardust.chaos.lab.TempFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Four Debian images of 805 MB, ext4, kept for the next time: a minbase, b with python3, numpy and git, c with nginx, d is b
 * with some files more and two less.
 */
final class BenchImages {
    private static final String SUITE = "bookworm";
    private static final String SIZE_MIB = "768";
    private static final int TIMEOUT_S = 900;

    private final Path folder;

    BenchImages(Path folder) {
        this.folder = folder;
    }

    /** Makes those that are not there; gives all, in the order of their names. */
    List<Path> make() throws IOException {
        Files.createDirectories(folder);
        Path a = debian("a", "");
        Path b = debian("b", "python3,python3-numpy,git");
        Path c = debian("c", "nginx");
        return List.of(a, b, c, changed("d", b));
    }

    private Path debian(String name, String packages) throws IOException {
        Path image = folder.resolve(name);
        if (Files.exists(image)) {
            return image;
        }
        try (TempFolder work = TempFolder.create(folder, name + "-")) {
            Path root = work.path().resolve("root");
            List<String> bootstrap = new ArrayList<>(List.of("mmdebstrap", "--variant=minbase", "--mode=root"));
            if (!packages.isEmpty()) {
                bootstrap.add("--include=" + packages);
            }
            bootstrap.addAll(List.of(SUITE, root.toString()));
            External.run(TIMEOUT_S, bootstrap);
            Path unfinished = work.path().resolve("image");
            External.run(
                    TIMEOUT_S,
                    List.of("mkfs.ext4", "-q", "-d", root.toString(), unfinished.toString(), SIZE_MIB + "M"));
            Files.move(unfinished, image, StandardCopyOption.ATOMIC_MOVE);
        }
        return image;
    }

    /** Changed in place: 8 MB of new files, two removed. */
    private Path changed(String name, Path from) throws IOException {
        Path image = folder.resolve(name);
        if (Files.exists(image)) {
            return image;
        }
        try (TempFolder work = TempFolder.create(folder, name + "-")) {
            Path copy = work.path().resolve("image");
            External.run(TIMEOUT_S, List.of("cp", "--sparse=always", from.toString(), copy.toString()));
            Path script = work.path().resolve("script");
            List<String> lines = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                Path more = work.path().resolve("more" + i);
                byte[] content = new byte[200_000];
                new java.util.Random(i).nextBytes(content);
                // Half of each compresses well, as what people install does.
                java.util.Arrays.fill(content, 0, content.length / 2, (byte) i);
                Files.write(more, content);
                lines.add("write " + more + " /opt/more" + i);
            }
            lines.add("rm /usr/bin/git");
            lines.add("rm /usr/bin/perl");
            Files.write(script, lines);
            External.run(TIMEOUT_S, List.of("debugfs", "-w", "-f", script.toString(), copy.toString()));
            Files.move(copy, image, StandardCopyOption.ATOMIC_MOVE);
        }
        return image;
    }
}
