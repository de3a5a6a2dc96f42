package dev.stardust.ops.launch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Where the program lies. Its JVMs start on one class path and with class archives (AppCDS) that were made for exactly
 * that class path; where an archive is missing or does not fit they only start slower.
 */
public final class Installation {
    private static final String HOME = "stardust.home";
    private static final String ARCHIVES_TO_WRITE = "stardust.archives.write";

    /** The kinds of JVM; each loads other classes and so has an archive of its own. */
    public enum Jvm {
        CLI,
        NODE,
        WORKER
    }

    private Installation() {}

    /** The project's folder, or the folder that this process runs in when nobody said. */
    public static Path home() {
        return Path.of(System.getProperty(HOME, ".")).normalize();
    }

    /** The class path of the installed program; this process's own when it is not installed. */
    public static String classPath() {
        Path file = target().resolve("classpath");
        try {
            return System.getProperty(HOME) != null && Files.exists(file)
                    ? Files.readString(file).strip()
                    : System.getProperty("java.class.path");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": build again with './stardust build'", e);
        }
    }

    /** Flags with which a JVM uses its archive, or writes it when it ends and this process was told so. */
    public static List<String> archiveOptions(Jvm jvm) {
        String write = System.getProperty(ARCHIVES_TO_WRITE);
        if (write != null) {
            return writingArchives(Path.of(write), jvm);
        }
        List<String> options = new ArrayList<>(List.of("-Xshare:auto", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"));
        Path archive = file(archives(), jvm, ".jsa");
        if (System.getProperty(HOME) != null && Files.exists(archive)) {
            options.add("-XX:SharedArchiveFile=" + archive);
        }
        return options;
    }

    /**
     * Flags with which a JVM, and all that it starts, writes into {@code folder} its archive when it ends, and meanwhile
     * the list of its classes, from which archives for other class paths are made.
     */
    public static List<String> writingArchives(Path folder, Jvm jvm) {
        return List.of(
                "-XX:ArchiveClassesAtExit=" + file(folder, jvm, ".jsa"),
                "-XX:DumpLoadedClassList=" + file(folder, jvm, ".classes"),
                "-D" + ARCHIVES_TO_WRITE + "=" + folder);
    }

    /** Lists of the classes that each kind of JVM loads, in the JVM's own format; none where nothing is installed. */
    public static List<Path> classLists() {
        if (System.getProperty(HOME) == null) {
            return List.of();
        }
        return Stream.of(Jvm.values())
                .map(jvm -> file(archives(), jvm, ".classes"))
                .filter(Files::exists)
                .toList();
    }

    /** Flags that tell a JVM where the program lies. */
    public static List<String> homeOptions() {
        String home = System.getProperty(HOME);
        return home == null ? List.of() : List.of("-D" + HOME + "=" + home);
    }

    private static Path target() {
        return home().resolve("ops").resolve("target");
    }

    private static Path archives() {
        return target().resolve("archives");
    }

    private static Path file(Path folder, Jvm jvm, String suffix) {
        return folder.resolve(jvm.name().toLowerCase(Locale.ROOT) + suffix);
    }
}
