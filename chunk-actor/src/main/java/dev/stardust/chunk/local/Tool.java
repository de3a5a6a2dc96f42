package dev.stardust.chunk.local;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs of others that do a part of an import. */
final class Tool {
    private static final long TIMEOUT_S = 3_600;

    private Tool() {}

    /**
     * Runs a program to its end.
     *
     * @param debianPackage which package has it
     * @param purpose what it is for, in an error: "to read disk.qcow2"
     * @throws IOException when it is missing or fails, with what it said
     */
    static void run(String debianPackage, String purpose, List<String> command) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new IOException(
                    command.get(0) + " is needed " + purpose + ": install it (apt-get install " + debianPackage + ")",
                    e);
        }
        try (InputStream out = process.getInputStream()) {
            String text = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(command.get(0) + " failed " + purpose + ": " + text);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + command.get(0) + " ran " + purpose);
        } finally {
            process.destroyForcibly();
        }
    }
}
