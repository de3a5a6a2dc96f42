package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import dev.stardust.ops.launch.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Classes that a JVM in the lab finds parsed already (AppCDS), since parsing them there takes most of its start. It is made
 * on the host by the lab's own runtime: it holds data only, no code for a CPU. Where it is missing or does not fit, that JVM
 * starts slower.
 */
final class ClassArchive {
    private static final Logger LOG = LoggerFactory.getLogger(ClassArchive.class);

    private static final int DUMP_TIMEOUT_S = 120;

    private ClassArchive() {}

    /**
     * Makes it, of the classes that the build's rehearsal has loaded.
     *
     * @param runtime of Java, the same as in the lab
     * @param folder the one that the class path is relative to, here and in the lab
     */
    static void make(Path runtime, Path folder, List<String> classPath, Path archive) throws IOException {
        Set<String> classes = new LinkedHashSet<>();
        for (Path list : Installation.classLists()) {
            classes.addAll(Files.readAllLines(list));
        }
        if (classes.isEmpty()) {
            LOG.warn("no list of classes, the lab's Java starts slower: it comes from './stardust build'");
            return;
        }
        Path list = Files.write(archive.resolveSibling("classes"), classes);
        try {
            External.run(
                    DUMP_TIMEOUT_S,
                    List.of(
                            "env",
                            "--chdir=" + folder,
                            runtime.resolve("bin/java").toString(),
                            "-Xshare:dump",
                            "-XX:SharedClassListFile=" + list,
                            "-XX:SharedArchiveFile=" + archive,
                            "-XX:+UseSerialGC",
                            "-cp",
                            String.join(":", classPath)));
        } catch (ToolException e) {
            LOG.warn("no class archive, the lab's Java starts slower: {}", e.getMessage());
        } finally {
            Files.delete(list);
        }
    }
}
