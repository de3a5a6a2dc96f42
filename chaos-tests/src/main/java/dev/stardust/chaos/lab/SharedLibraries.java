package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The shared libraries of this host that programs need. */
final class SharedLibraries {
    /** A line of ldd: with the file that a name was found as, or the dynamic loader's path alone. */
    private static final Pattern LINE = Pattern.compile("(?m)^\\t(?:(\\S+) => )?(/\\S+) \\(0x[0-9a-f]+\\)$");

    private static final String LIBC = "libc.so.6";

    /** What native libraries in jars may need besides; since glibc 2.34 most of it is empty. */
    private static final List<String> OF_LIBC = List.of("libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1");

    private static final int LDD_TIMEOUT_S = 60;

    private SharedLibraries() {}

    /** The libraries by the name they are looked up with; those within {@code own} left out. */
    static Map<String, Path> of(List<Path> programs, Path own) {
        List<String> command = new ArrayList<>(List.of("ldd"));
        programs.forEach(p -> command.add(p.toString()));
        Map<String, Path> libraries = parse(External.run(LDD_TIMEOUT_S, command));
        libraries.values().removeIf(path -> path.startsWith(own));
        Path libc = libraries.get(LIBC);
        if (libc != null) {
            OF_LIBC.forEach(name -> libraries.putIfAbsent(name, libc.resolveSibling(name)));
        }
        return libraries;
    }

    /** What ldd said. */
    static Map<String, Path> parse(String ldd) {
        Map<String, Path> libraries = new TreeMap<>();
        Matcher m = LINE.matcher(ldd);
        while (m.find()) {
            Path file = Path.of(m.group(2));
            libraries.put(m.group(1) == null ? file.getFileName().toString() : m.group(1), file);
        }
        return libraries;
    }
}
