package dev.stardust.vm.worker;

import dev.stardust.hypervisor.sandbox.Confinement;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts a worker process in a folder of its own. */
final class WorkerProcess {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);
    private static final int LOG_TAIL_BYTES = 2_000;

    /** {@code sun_path} of unix(7) holds 108 bytes with the final NUL. */
    private static final int MAX_SOCKET_PATH_BYTES = 107;

    /** What a worker gets of the node's environment, which may hold secrets. */
    private static final Set<String> ENVIRONMENT =
            Set.of("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "JAVA_TOOL_OPTIONS");

    private WorkerProcess() {}

    /**
     * Makes the folder and starts the process in a session of its own, so that a Ctrl-C meant for the node does not
     * reach it. Its output goes to the folder's {@code log}. Do not ask for the process's {@code onExit}, see
     * {@link Confinement#run}.
     *
     * @param only the one VM of a strict worker, else null
     */
    static Process spawn(WorkerSettings settings, Path folder, CreateMachine only) throws IOException {
        Path socket = folder.resolve(WorkerRuntime.SOCKET_NAME);
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH_BYTES) {
            throw new IOException("the path " + socket + " is longer than the " + MAX_SOCKET_PATH_BYTES
                    + " bytes a unix socket may have: choose a shorter data folder");
        }
        Files.createDirectories(settings.workersDir());
        Files.createDirectory(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try {
            Files.createDirectory(temp(folder));
            ProcessBuilder builder = new ProcessBuilder(command(settings, folder, only))
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(log(folder).toFile())
                    .redirectErrorStream(true);
            builder.environment().keySet().retainAll(ENVIRONMENT);
            // One malloc arena for each of a worker's many threads would cost more than the little contention there is.
            builder.environment().put("MALLOC_ARENA_MAX", "2");
            return settings.confined()
                    ? Confinement.run(WorkerFiles.of(settings, folder, only), builder::start)
                    : builder.start();
        } catch (IOException e) {
            FileTree.delete(folder);
            throw new IOException(
                    "cannot start a worker process, which needs java and setsid (package util-linux): "
                            + e.getMessage(),
                    e);
        }
    }

    private static List<String> command(WorkerSettings settings, Path folder, CreateMachine only) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(WorkerFiles.setsid().toString());
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(WorkerSettings.DEFAULT_JAVA_OPTIONS);
        command.add("-XX:ErrorFile=" + folder.resolve("hs_err.log"));
        command.add("-Djava.io.tmpdir=" + temp(folder));
        if (settings.confined()) {
            command.add("-D" + WorkerRuntime.CONFINED + "=" + limits(only));
        }
        command.addAll(settings.javaOptions());
        command.add("-cp");
        command.add(settings.classPath());
        command.add(settings.mainClass());
        command.add(folder.toString());
        return command;
    }

    private static String limits(CreateMachine only) {
        if (only != null && only.qemu() != null) {
            return WorkerRuntime.STARTS;
        }
        return only != null && only.devices().connects() ? WorkerRuntime.CONNECTS : "all";
    }

    /**
     * The process that serves that folder, found by its command line; else the one that the folder's {@code worker.json}
     * names, if it is dead or dying. A worker wrote that file, so it must not lead the node to any other process, which
     * the node would kill one day.
     */
    static Optional<ProcessId> find(Path folder) {
        return ProcessHandle.allProcesses()
                .filter(handle -> isWorkerOf(handle.pid(), folder))
                .findFirst()
                .flatMap(handle -> ProcessId.of(handle.pid()))
                .or(() -> ended(folder));
    }

    private static Optional<ProcessId> ended(Path folder) {
        try {
            return Optional.of(WorkerFile.read(folder).processId())
                    .filter(process ->
                            !process.isAlive() || commandLine(process.pid()).isEmpty());
        } catch (IOException e) {
            LOG.warn("cannot read which process {} belongs to: {}", folder, e.getMessage());
            return Optional.empty();
        }
    }

    /** The folder is the last argument, each of which ends with a NUL (proc(5)); ProcessHandle cuts long ones off. */
    private static boolean isWorkerOf(long pid, Path folder) {
        return commandLine(pid).endsWith("\0" + latin1(folder) + "\0");
    }

    /** Empty also for one that has ended, is ending, or is not ours to look at. */
    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
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

    /** Native libraries are unpacked there. */
    private static Path temp(Path folder) {
        return folder.resolve("tmp");
    }

    private static Path log(Path folder) {
        return folder.resolve("log");
    }
}
