package dev.stardust.chunk.file;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Programs of others that do a part of an import. */
public final class Tool {
    private static final long TIMEOUT_S = 3_600;
    private static final Path SBIN = Path.of("/usr/sbin");

    private Tool() {}

    /** Writes what a program reads from its standard input. */
    @FunctionalInterface
    public interface Input {
        void writeTo(OutputStream stdin) throws IOException;
    }

    /** Takes what a program writes to its standard output. */
    @FunctionalInterface
    public interface Output {
        void readFrom(InputStream stdout) throws IOException;
    }

    /** What to call a program by that Debian may have where only root's shell looks. */
    public static String ofSystem(String program) {
        Path sbin = SBIN.resolve(program);
        return Files.isExecutable(sbin) ? sbin.toString() : program;
    }

    /**
     * Runs a program to its end.
     *
     * @param debianPackage which package has it
     * @param purpose what it is for, in an error: "to read disk.qcow2"
     * @return what it said
     * @throws IOException when it is missing or fails, with what it said
     */
    public static String run(String debianPackage, String purpose, List<String> command) throws IOException {
        return run(debianPackage, purpose, command, stdin -> {});
    }

    /** As the other, with something to read; an error of {@code input} itself is passed on. */
    public static String run(String debianPackage, String purpose, List<String> command, Input input)
            throws IOException {
        Process process = start(debianPackage, purpose, new ProcessBuilder(command).redirectErrorStream(true));
        try {
            CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> text(process.getInputStream()));
            IOException unwritten = write(input, process.getOutputStream());
            boolean over = process.waitFor(TIMEOUT_S, TimeUnit.SECONDS);
            if (!over || process.exitValue() != 0) {
                String text = over ? said.join() : "not done within " + TIMEOUT_S + " s";
                IOException failure = new IOException(command.get(0) + " failed " + purpose + ": " + text);
                if (unwritten != null) {
                    failure.addSuppressed(unwritten);
                }
                throw failure;
            }
            if (unwritten != null) {
                throw unwritten;
            }
            return said.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + command.get(0) + " ran " + purpose);
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * Runs a program to its end, whose output is read by {@code output}; what it says beside that is for errors.
     *
     * @throws IOException as {@link #run}, or what {@code output} fails with
     */
    public static void read(String debianPackage, String purpose, List<String> command, Output output)
            throws IOException {
        Process process = start(debianPackage, purpose, new ProcessBuilder(command));
        try {
            process.getOutputStream().close();
            CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> text(process.getErrorStream()));
            output.readFrom(process.getInputStream());
            process.getInputStream().transferTo(OutputStream.nullOutputStream());
            if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(command.get(0) + " failed " + purpose + ": " + said.join());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while " + command.get(0) + " ran " + purpose);
        } finally {
            process.destroyForcibly();
        }
    }

    private static Process start(String debianPackage, String purpose, ProcessBuilder builder) throws IOException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new IOException(
                    builder.command().get(0) + " is needed " + purpose + ": install it (apt-get install "
                            + debianPackage + ")",
                    e);
        }
    }

    /** Returns what went wrong: a program that has ended says better why. */
    private static IOException write(Input input, OutputStream stdin) {
        try (OutputStream out = new BufferedOutputStream(stdin)) {
            input.writeTo(out);
            return null;
        } catch (IOException e) {
            return e;
        }
    }

    private static String text(InputStream out) {
        try (out) {
            return new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }
}
