package dev.stardust.chaos.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The jars of a class path and the archive of their classes, as they lie on a lab's work disk.
 *
 * @param folder the one that they lie in
 * @param classPath relative to that folder
 */
record LabJars(Path folder, List<String> classPath) {
    /** The archive's place in the folder. It is missing when it could not be made. */
    static final String ARCHIVE = "classes.jsa";

    private static final String JARS = "jars";

    /**
     * Makes them in a new folder.
     *
     * @param runtime of Java, the same as in the lab
     * @param elements of the class path
     */
    static LabJars make(Path runtime, List<Path> elements, Path folder) throws IOException {
        Path jars = Files.createDirectories(folder.resolve(JARS));
        List<String> classPath = LabClassPath.copy(elements, jars).stream()
                .map(jar -> JARS + "/" + jar)
                .toList();
        ClassArchive.make(runtime, folder, classPath, folder.resolve(ARCHIVE));
        return new LabJars(folder, classPath);
    }
}
