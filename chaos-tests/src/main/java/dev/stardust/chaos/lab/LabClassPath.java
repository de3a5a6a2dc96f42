package dev.stardust.chaos.lab;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;

/** The part of this program's class path that the cases use. In the lab every jar that is opened costs time. */
final class LabClassPath {
    /** How the wanted artifacts' names begin, those first whose classes are most. */
    private static final List<String> ARTIFACTS = List.of(
            "hypervisor-native",
            "chaos-tests",
            "chunk-actor",
            "vm-actor",
            "blake3-jni",
            "zstd-jni",
            "jnr-ffi",
            "jffi",
            "asm",
            "jnr-",
            "agrona",
            "HdrHistogram",
            "slf4j",
            "logback",
            "jackson-");

    private LabClassPath() {}

    /**
     * The wanted elements of a class path: jars, and folders of classes that Maven made.
     *
     * @param nodes whether the cases use parts of a node, which need all that is not for tests alone
     */
    static List<Path> wanted(String classPath, boolean nodes) {
        List<Path> wanted = new ArrayList<>();
        for (String artifact : ARTIFACTS) {
            for (String element : classPath.split(File.pathSeparator)) {
                Path path = Path.of(element);
                if (artifact(path).startsWith(artifact) && !wanted.contains(path)) {
                    wanted.add(path);
                }
            }
        }
        if (nodes) {
            for (String element : classPath.split(File.pathSeparator)) {
                Path path = Path.of(element);
                if (!artifact(path).isEmpty() && !wanted.contains(path)) {
                    wanted.add(path);
                }
            }
        }
        return wanted;
    }

    /** The name of the artifact: of the jar, or of the module whose {@code target/classes} it is; else empty. */
    private static String artifact(Path element) {
        if (element.toString().endsWith(".jar")) {
            return element.getFileName().toString();
        }
        return element.endsWith("target/classes")
                ? element.getParent().getParent().getFileName().toString()
                : "";
    }

    /**
     * Copies elements into a folder, as jars.
     *
     * @return their names, in the order of the class path
     */
    static List<String> copy(List<Path> elements, Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        for (Path element : elements) {
            boolean jar = Files.isRegularFile(element);
            String name = jar ? element.getFileName().toString() : artifact(element) + ".jar";
            if (jar) {
                Files.copy(element, folder.resolve(name));
            } else {
                pack(element, folder.resolve(name));
            }
            names.add(name);
        }
        return names;
    }

    private static void pack(Path classes, Path jar) throws IOException {
        ToolProvider tool =
                ToolProvider.findFirst("jar").orElseThrow(() -> new IOException("this JDK has no jar tool"));
        int code =
                tool.run(System.out, System.err, "--create", "--file", jar.toString(), "-C", classes.toString(), ".");
        if (code != 0) {
            throw new IOException("jar failed on " + classes + " with " + code);
        }
    }
}
