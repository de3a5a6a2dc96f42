package dev.stardust.chaos.bench.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Memory of a process by {@code /proc/PID/smaps} (proc(5)), pages shared with others counted by share.
 *
 * @param pssKib all of it
 * @param guestKib that of it which is guest RAM
 */
record Smaps(long pssKib, long guestKib) {
    static final Smaps NONE = new Smaps(0, 0);

    /** A mapping's first line: from, to, permissions, offset, device, inode, and a name if there is one. */
    private static final Pattern MAPPING =
            Pattern.compile("([0-9a-f]+)-([0-9a-f]+) [-rwxps]{4} [0-9a-f]+ \\S+ \\d+(?: +(.*))?");

    private static final Pattern PSS = Pattern.compile("Pss: +(\\d+) kB");

    /**
     * A mapping.
     *
     * @param name of the file, empty without one
     */
    record Mapping(long sizeBytes, String name) {}

    /** Of a living process. */
    static Smaps of(long pid, Predicate<Mapping> isGuestRam) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/smaps"))) {
            return parse(lines, isGuestRam);
        }
    }

    static Smaps parse(Stream<String> lines, Predicate<Mapping> isGuestRam) {
        long[] kib = new long[2];
        boolean[] guest = new boolean[1];
        lines.forEach(line -> {
            Matcher mapping = MAPPING.matcher(line);
            Matcher pss = PSS.matcher(line);
            if (mapping.matches()) {
                long size = Long.parseUnsignedLong(mapping.group(2), 16) - Long.parseUnsignedLong(mapping.group(1), 16);
                guest[0] = isGuestRam.test(new Mapping(size, mapping.group(3) == null ? "" : mapping.group(3)));
            } else if (pss.matches()) {
                kib[0] += Long.parseLong(pss.group(1));
                kib[1] += guest[0] ? Long.parseLong(pss.group(1)) : 0;
            }
        });
        return new Smaps(kib[0], kib[1]);
    }

    Smaps plus(Smaps other) {
        return new Smaps(pssKib + other.pssKib, guestKib + other.guestKib);
    }
}
