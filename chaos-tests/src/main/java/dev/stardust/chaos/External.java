package dev.stardust.chaos;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Other programs, run to their end. */
public final class External {
    private External() {}

    /**
     * Runs a program and gives its output.
     *
     * @throws ToolException if it is missing, fails, or takes longer than {@code timeoutS} seconds
     */
    public static String run(int timeoutS, List<String> command) {
        Path output = null;
        Process process = null;
        try {
            output = Files.createTempFile("stardust-run-", ".out");
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(timeoutS, TimeUnit.SECONDS)) {
                throw new ToolException(
                        ToolException.TIMEOUT, line(command) + " did not end within " + timeoutS + " s");
            }
            String text = Files.readString(output, StandardCharsets.ISO_8859_1);
            if (process.exitValue() != 0) {
                throw new ToolException(
                        ToolException.INTERNAL,
                        line(command) + " failed with exit code " + process.exitValue() + ": " + text.strip());
            }
            return text;
        } catch (IOException e) {
            throw new ToolException(ToolException.REFUSED, "cannot run " + command.get(0) + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolException(ToolException.INTERNAL, "interrupted in " + line(command), e);
        } finally {
            end(process);
            delete(output);
        }
    }

    /** Whether a program is on the path. */
    public static boolean present(String program) {
        return find(program).isPresent();
    }

    /** Where on the path a program is. */
    public static Optional<Path> find(String program) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            Path file = Path.of(folder, program);
            if (Files.isExecutable(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** Ends a process by SIGKILL and waits until it is gone; nothing when it never was. */
    public static void end(Process process) {
        if (process == null) {
            return;
        }
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new ToolException(ToolException.INTERNAL, "cannot delete " + file + ": " + e.getMessage(), e);
        }
    }

    private static String line(List<String> command) {
        return String.join(" ", command);
    }
}
