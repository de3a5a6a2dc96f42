package dev.stardust.chunk.tree;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** What the programs of others say of a file system in a file. */
final class Ext4Look {
    private Ext4Look() {}

    /** The standard output of a program that must end well. */
    static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0, Arrays.toString(command) + text);
        return text;
    }

    /** What debugfs answers to a request. */
    static String look(Path image, String request) throws Exception {
        return output("debugfs", "-R", request, image.toString());
    }
}
