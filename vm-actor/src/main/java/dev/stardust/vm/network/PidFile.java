package dev.stardust.vm.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Programs that go on without their node, which finds them again by their pid files. */
final class PidFile {
    private static final long STOP_DEADLINE_NS = 5_000_000_000L;
    private static final long POLL_MS = 5;

    private PidFile() {}

    /** The process whose id is in the file, if it is the one meant: one of its arguments is this. */
    static Optional<ProcessHandle> process(Path file, String argument) {
        try {
            long pid = Long.parseLong(Files.readString(file).strip());
            return commandLine(pid).contains(argument) ? ProcessHandle.of(pid) : Optional.empty();
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Arguments of a process, each of which ends with a NUL (proc(5)); none if it is gone. */
    static List<String> commandLine(long pid) {
        try {
            byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "cmdline"));
            return List.of(new String(bytes, StandardCharsets.UTF_8).split("\0"));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Waits until it is gone, since the next one needs what it has. */
    static void end(ProcessHandle process) {
        process.destroy();
        long start = System.nanoTime();
        while (process.isAlive() && System.nanoTime() - start < STOP_DEADLINE_NS) {
            try {
                Thread.sleep(POLL_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        if (process.isAlive()) {
            process.destroyForcibly();
        }
    }
}
