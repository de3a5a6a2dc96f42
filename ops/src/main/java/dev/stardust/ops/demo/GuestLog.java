package dev.stardust.ops.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What our test guest wrote to its serial port, read from the file itself. */
public final class GuestLog {
    private final List<String> lines;

    private GuestLog(List<String> lines) {
        this.lines = lines;
    }

    /** The log in a file; empty when there is none. A last line without its end is left out. */
    public static GuestLog read(Path file) {
        try {
            return Files.exists(file)
                    ? parse(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                    : new GuestLog(List.of());
        } catch (IOException e) {
            throw new IllegalStateException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** The log in a text. */
    public static GuestLog parse(String text) {
        int end = text.lastIndexOf('\n');
        return new GuestLog(end < 0 ? List.of() : List.of(text.substring(0, end).split("\n")));
    }

    /**
     * One heartbeat.
     *
     * @param n its number, from 1
     * @param timeMs milliseconds since the guest booted
     * @param gapUs largest gap in the guest's work since the heartbeat before, less the sleep it asked for
     * @param errors errors of its memory and disk checks so far
     * @param diskWrote blocks written to its disk so far
     * @param diskChecked blocks read back and found right so far
     */
    public record Heartbeat(long n, long timeMs, long gapUs, long errors, long diskWrote, long diskChecked) {}

    /** All heartbeats in order. */
    public List<Heartbeat> heartbeats() {
        List<Heartbeat> all = new ArrayList<>();
        for (String line : lines) {
            if (line.startsWith("hb ")) {
                Map<String, String> f = fields(line);
                all.add(new Heartbeat(
                        number(f, "n"),
                        number(f, "t_ms"),
                        number(f, "gap_us"),
                        number(f, "errors") + number(f, "disk_errors"),
                        number(f, "disk_wrote"),
                        number(f, "disk_checked")));
            }
        }
        return all;
    }

    /** The last heartbeat. */
    public Optional<Heartbeat> last() {
        List<Heartbeat> all = heartbeats();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /** The SHA-256 that the guest made of its disk, in hex. */
    public Optional<String> diskSha256() {
        return lines.stream()
                .filter(l -> l.startsWith("disk sha256="))
                .map(l -> fields(l).get("sha256"))
                .findFirst();
    }

    /** Lines in which the guest complains. */
    public List<String> complaints() {
        return lines.stream()
                .filter(l -> l.startsWith("error") || l.startsWith("panic"))
                .toList();
    }

    /** Whether the guest is past its start. */
    public boolean ready() {
        return lines.contains("ready");
    }

    private static long number(Map<String, String> fields, String key) {
        String text = fields.getOrDefault(key, "0");
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
    }

    private static Map<String, String> fields(String line) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String word : line.split(" ")) {
            int eq = word.indexOf('=');
            if (eq > 0) {
                fields.put(word.substring(0, eq), word.substring(eq + 1));
            }
        }
        return fields;
    }
}
