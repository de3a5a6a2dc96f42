package dev.stardust.chaos.check;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The heartbeats of one guest, wherever they were written: each number once, none left out, none with an error. */
final class Heartbeats {
    private static final Pattern BEAT = Pattern.compile("hb n=([0-9]{1,18}) .*");
    private static final Pattern ERRORS = Pattern.compile(".* (?:disk_)?errors=(?!0(?: |$)).*");

    private final TreeMap<Long, String> beats = new TreeMap<>();
    private final List<String> wrong = new ArrayList<>();

    /** Takes a line of a host's serial log. */
    void line(String host, String line) {
        if (line.startsWith("error") || line.startsWith("panic")) {
            wrong.add("the guest complains on " + host + ": " + line);
        }
        Matcher beat = BEAT.matcher(line);
        if (!beat.matches()) {
            return;
        }
        if (ERRORS.matcher(line).matches()) {
            wrong.add("the guest's check failed on " + host + ": " + line);
        }
        String before = beats.putIfAbsent(Long.parseLong(beat.group(1)), line);
        // Copies of a log have the same lines; a guest that ran twice counts the same and tells another time.
        if (before != null && !before.equals(line)) {
            wrong.add("two guests told heartbeat " + beat.group(1) + ": '" + before + "' and, on " + host + ", '" + line
                    + "'");
        }
    }

    /** Takes the begun line at the end of a log: the guest may have been moved in the middle of it. */
    void unfinished(String text) {
        Matcher beat = BEAT.matcher(text);
        if (beat.matches()) {
            beats.putIfAbsent(Long.parseLong(beat.group(1)), text);
        }
    }

    /** The last number, 0 when there is none. */
    long last() {
        return beats.isEmpty() ? 0 : beats.lastKey();
    }

    /** What is wrong so far, numbers that are missing among it. */
    List<String> wrong() {
        List<String> all = new ArrayList<>(wrong);
        long expected = 1;
        for (long n : beats.keySet()) {
            if (n != expected) {
                all.add("heartbeat " + n + " follows " + (expected - 1));
            }
            expected = n + 1;
        }
        return all;
    }
}
