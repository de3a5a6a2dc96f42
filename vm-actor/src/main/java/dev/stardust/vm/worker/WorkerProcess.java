package dev.stardust.vm.worker;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Starts a worker process in a folder of its own. */
final class WorkerProcess {
    private static final int LOG_TAIL_BYTES = 2_000;

    /** {@code sun_path} of unix(7) holds 108 bytes with the final NUL. */
    private static final int MAX_SOCKET_PATH_BYTES = 107;

    private WorkerProcess() {}

    /**
     * Makes the folder and starts the process in a session of its own, so that a Ctrl-C meant for the node does not
     * reach it. Its output goes to the folder's {@code log}.
     */
    static Process spawn(WorkerSettings settings, Path folder) throws IOException {
        Path socket = folder.resolve(WorkerRuntime.SOCKET_NAME);
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH_BYTES) {
            throw new IOException("the path " + socket + " is longer than the " + MAX_SOCKET_PATH_BYTES
                    + " bytes a unix socket may have: choose a shorter data folder");
        }
        Files.createDirectories(settings.workersDir());
        Files.createDirectory(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        ProcessBuilder builder = new ProcessBuilder(command(settings, folder))
                .redirectInput(new File("/dev/null"))
                .redirectOutput(log(folder).toFile())
                .redirectErrorStream(true);
        // One malloc arena for each of a worker's many threads would cost more than the little contention there is.
        builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
        try {
            return builder.start();
        } catch (IOException e) {
            deleteFolder(folder);
            throw new IOException(
                    "cannot start a worker process, which needs java and setsid (package util-linux): "
                            + e.getMessage(),
                    e);
        }
    }

    private static List<String> command(WorkerSettings settings, Path folder) {
        List<String> command = new ArrayList<>();
        command.add("setsid");
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(WorkerSettings.DEFAULT_JAVA_OPTIONS);
        command.add("-XX:ErrorFile=" + folder.resolve("hs_err.log"));
        command.addAll(settings.javaOptions());
        command.add("-cp");
        command.add(settings.classPath());
        command.add(settings.mainClass());
        command.add(folder.toString());
        return command;
    }

    /**
     * The process that serves that folder, found by its command line: for folders without a readable
     * {@code worker.json}, which must not be taken for dead while their VMs run.
     */
    static Optional<ProcessId> find(Path folder) {
        return ProcessHandle.allProcesses()
                .filter(handle -> isWorkerOf(handle.pid(), folder))
                .findFirst()
                .flatMap(handle -> ProcessId.of(handle.pid()));
    }

    /** The folder is the last argument, each of which ends with a NUL (proc(5)); ProcessHandle cuts long ones off. */
    private static boolean isWorkerOf(long pid, Path folder) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                    .endsWith("\0" + latin1(folder) + "\0");
        } catch (IOException e) {
            return false; // It ended, or is not ours to look at.
        }
    }

    private static String latin1(Path folder) {
        return new String(folder.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    /** The end of a worker's log, to be shown with the news of its death. */
    static String logTail(Path folder) {
        try (RandomAccessFile file = new RandomAccessFile(log(folder).toFile(), "r")) {
            long length = file.length();
            file.seek(Math.max(0, length - LOG_TAIL_BYTES));
            byte[] tail = new byte[(int) Math.min(length, LOG_TAIL_BYTES)];
            file.readFully(tail);
            return new String(tail, StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return "(no log: " + e.getMessage() + ")";
        }
    }

    /** Removes a dead worker's folder. */
    static void deleteFolder(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static Path log(Path folder) {
        return folder.resolve("log");
    }
}
