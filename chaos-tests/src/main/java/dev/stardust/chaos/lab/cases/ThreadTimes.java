package dev.stardust.chaos.lab.cases;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Processor time of this process's threads, by name ({@code proc(5)}). */
record ThreadTimes(Map<String, Long> ticks) {
    private static final int TICKS_A_SECOND = 100;
    private static final int UTIME = 11;
    private static final int STIME = 12;
    private static final int SHOWN = 6;

    /** As of now. */
    static ThreadTimes now() throws IOException {
        Map<String, Long> ticks = new TreeMap<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                add(stat(task), ticks);
            }
        }
        return new ThreadTimes(ticks);
    }

    /** Empty if the thread has ended. */
    private static String stat(Path task) throws IOException {
        try {
            return Files.readString(task.resolve("stat"));
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    /** The name stands in parentheses and may have any character; figures follow it, the state first. */
    private static void add(String stat, Map<String, Long> ticks) {
        if (stat.isEmpty()) {
            return;
        }
        String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        String[] figures = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        ticks.merge(name, Long.parseLong(figures[UTIME]) + Long.parseLong(figures[STIME]), Long::sum);
    }

    /** The threads that took most since {@code before}, in seconds. */
    String since(ThreadTimes before) {
        return ticks.entrySet().stream()
                .map(e -> Map.entry(e.getKey(), e.getValue() - before.ticks.getOrDefault(e.getKey(), 0L)))
                .filter(e -> e.getValue() > 0)
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .limit(SHOWN)
                .map(e -> String.format(Locale.ROOT, "%s %.2f s", e.getKey(), (double) e.getValue() / TICKS_A_SECOND))
                .collect(Collectors.joining("; "));
    }
}
