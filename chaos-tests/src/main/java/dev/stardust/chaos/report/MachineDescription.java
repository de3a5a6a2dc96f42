package dev.stardust.chaos.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What figures were measured on. */
public final class MachineDescription {
    private MachineDescription() {}

    /** Processor, memory, system, Java and load right now, as one paragraph. */
    public static String text() {
        return "Machine: " + value("/proc/cpuinfo", "model name", ":") + ", "
                + Runtime.getRuntime().availableProcessors() + " CPUs, "
                + memoryGib() + " GiB of memory, " + value("/etc/os-release", "PRETTY_NAME", "=") + ", Linux "
                + System.getProperty("os.version").replaceAll("-.*", "") + ", Java "
                + System.getProperty("java.version")
                + ". Load average at the start: "
                + lines("/proc/loadavg").get(0).split(" ")[0] + ".";
    }

    private static long memoryGib() {
        String kib = value("/proc/meminfo", "MemTotal", ":").replaceAll("\\D", "");
        return kib.isEmpty() ? 0 : Math.round(Long.parseLong(kib) / (1024.0 * 1024));
    }

    private static String value(String file, String key, String separator) {
        for (String line : lines(file)) {
            int at = line.indexOf(separator);
            if (at > 0 && line.substring(0, at).strip().equals(key)) {
                return line.substring(at + 1).strip().replace("\"", "");
            }
        }
        return "unknown " + key;
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }
}
