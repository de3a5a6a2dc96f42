package dev.stardust.hypervisor.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the kernel says that a part of this process's addresses uses.
 *
 * @param mappings number of mappings
 * @param residentBytes in memory
 * @param anonymousBytes in memory and of this process alone
 */
public record MemoryUse(int mappings, long residentBytes, long anonymousBytes) {
    private static final Pattern HEADER = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) .*");
    private static final Pattern FIGURE = Pattern.compile("(Rss|Anonymous): +(\\d+) kB");

    /** Of a guest's RAM. */
    public static MemoryUse of(GuestMemory memory) throws IOException {
        long start = memory.address();
        long end = start + memory.sizeBytes();
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        int mappings = 0;
        long resident = 0;
        long anonymous = 0;
        boolean inside = false;
        for (String line : lines) {
            Matcher header = HEADER.matcher(line);
            Matcher figure = FIGURE.matcher(line);
            if (header.matches()) {
                long from = Long.parseUnsignedLong(header.group(1), 16);
                inside = from >= start && from < end;
                mappings += inside ? 1 : 0;
            } else if (inside && figure.matches()) {
                long bytes = Long.parseLong(figure.group(2)) << 10;
                if (figure.group(1).equals("Rss")) {
                    resident += bytes;
                } else {
                    anonymous += bytes;
                }
            }
        }
        return new MemoryUse(mappings, resident, anonymous);
    }
}
