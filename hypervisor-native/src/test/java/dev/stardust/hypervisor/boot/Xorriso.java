package dev.stardust.hypervisor.boot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Makes ISO images with Debian's tools. */
public final class Xorriso {
    private Xorriso() {}

    /** An image of a folder, with more of mkisofs's options. */
    public static Path make(Path iso, Path tree, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("xorriso", "-as", "mkisofs", "-quiet", "-o", iso.toString()));
        command.addAll(List.of(options));
        command.add(tree.toString());
        run(command);
        return iso;
    }

    static void run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("iso", ".output");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IOException(command.get(0) + " failed: " + Files.readString(output));
            }
        } finally {
            Files.delete(output);
        }
    }

    /** Writes a file of a tree with the folders that it is in. */
    public static void put(Path tree, String path, byte[] bytes) throws IOException {
        Path file = tree.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }
}
