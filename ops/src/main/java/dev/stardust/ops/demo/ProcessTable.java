package dev.stardust.ops.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What {@code /proc} says of our processes: the checker believes this and not our own records. */
public final class ProcessTable {
    private static final Path PROC = Path.of("/proc");

    private ProcessTable() {}

    /**
     * A process of ours.
     *
     * @param pid process id
     * @param arguments its command line
     */
    public record Found(int pid, List<String> arguments) {
        /** The argument after {@code flag}, or null. */
        public String option(String flag) {
            int at = arguments.indexOf(flag);
            return at >= 0 && at + 1 < arguments.size() ? arguments.get(at + 1) : null;
        }
    }

    /** Processes whose command line has the main class and an argument that is {@code folder} or lies below it. */
    public static List<Found> of(String mainClass, Path folder) {
        List<Found> found = new ArrayList<>();
        for (int pid : pids()) {
            List<String> arguments = arguments(pid);
            if (arguments.contains(mainClass)
                    && arguments.stream()
                            .anyMatch(a -> a.startsWith("/") && Path.of(a).startsWith(folder))) {
                found.add(new Found(pid, arguments));
            }
        }
        return found;
    }

    /** Ids of processes whose program's name begins with {@code program} and that work in {@code folder}. */
    static List<Integer> inFolder(String program, Path folder) {
        List<Integer> found = new ArrayList<>();
        for (int pid : pids()) {
            if (isInFolder(pid, program, folder)) {
                found.add(pid);
            }
        }
        return found;
    }

    private static boolean isInFolder(int pid, String program, Path folder) {
        Path process = PROC.resolve(Integer.toString(pid));
        try {
            return Files.readString(process.resolve("comm")).startsWith(program)
                    && Files.readSymbolicLink(process.resolve("cwd")).equals(folder);
        } catch (IOException e) {
            // It ended while we looked, or is another user's.
            return false;
        }
    }

    /** Names of a process's threads, empty when it is gone. */
    public static List<String> threadNames(int pid) {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(PROC.resolve(pid + "/task"))) {
            for (Path task : tasks) {
                names.add(Files.readString(task.resolve("comm")).strip());
            }
        } catch (IOException e) {
            // The process or one of its threads ended while we looked; what was seen is what there is.
            return names;
        }
        return names;
    }

    /** CPU time a process used so far, user and system, in milliseconds; 0 when it is gone. */
    public static long cpuMs(int pid) {
        try {
            String stat = Files.readString(PROC.resolve(pid + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * 10;
        } catch (IOException e) {
            return 0;
        }
    }

    private static List<Integer> pids() {
        List<Integer> pids = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : entries) {
                pids.add(Integer.parseInt(entry.getFileName().toString()));
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot read /proc: " + e.getMessage(), e);
        }
        return pids;
    }

    private static List<String> arguments(int pid) {
        try {
            byte[] raw = Files.readAllBytes(PROC.resolve(pid + "/cmdline"));
            return List.of(new String(raw, StandardCharsets.UTF_8).split("\0"));
        } catch (IOException e) {
            return List.of();
        }
    }
}
