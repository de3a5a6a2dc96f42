package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A Java runtime of few modules, made by jlink from the JDK that this runs in. */
final class JavaRuntime {
    private static final List<String> MODULES =
            List.of("java.base", "java.logging", "java.management", "java.naming", "java.xml", "jdk.unsupported");

    private static final int JLINK_TIMEOUT_S = 120;

    private JavaRuntime() {}

    /**
     * The runtime's folder. It has no class archive of its own: see {@link ClassArchive}.
     *
     * @throws dev.stardust.chaos.ToolException if this JDK has no jlink
     */
    static Path prepare(LabCache cache) throws IOException {
        Path jdk = Path.of(System.getProperty("java.home"));
        String name = "jre-" + Runtime.version() + "-" + LabCache.digest(MODULES, List.of(jdk.resolve("release")));
        return cache.get(
                name,
                folder -> External.run(
                        JLINK_TIMEOUT_S,
                        List.of(
                                jdk.resolve("bin/jlink").toString(),
                                "--add-modules",
                                String.join(",", MODULES),
                                "--no-header-files",
                                "--no-man-pages",
                                "--output",
                                folder.toString())));
    }

    /** Its programs and libraries, to be looked at for what they need. */
    static List<Path> binaries(Path runtime) throws IOException {
        List<Path> all = new ArrayList<>(List.of(runtime.resolve("bin/java")));
        try (Stream<Path> files = Files.walk(runtime.resolve("lib"))) {
            files.filter(f -> f.toString().endsWith(".so")).sorted().forEach(all::add);
        }
        return all;
    }
}
