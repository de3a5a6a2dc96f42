package dev.stardust.ops.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.ops.launch.Installation.Jvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallationTest {
    private static final String HOME = "stardust.home";
    private static final String WRITE = "stardust.archives.write";

    @TempDir
    private Path home;

    @AfterEach
    void forget() {
        System.clearProperty(HOME);
        System.clearProperty(WRITE);
    }

    @Test
    void withoutAHomeAJvmRunsOnThisClassPathAndWithoutArchives() {
        assertEquals(System.getProperty("java.class.path"), Installation.classPath());
        assertTrue(Installation.homeOptions().isEmpty());
        assertFalse(Installation.archiveOptions(Jvm.NODE).toString().contains(".jsa"));
    }

    @Test
    void anInstalledProgramHasOneClassPathAndAnArchiveForEachKindOfJvm() throws IOException {
        System.setProperty(HOME, home.toString());
        Path target = Files.createDirectories(home.resolve("ops/target"));
        Files.writeString(target.resolve("classpath"), "/a.jar:/b.jar\n");
        assertEquals("/a.jar:/b.jar", Installation.classPath());
        assertFalse(Installation.archiveOptions(Jvm.WORKER).toString().contains(".jsa"), "none was made yet");
        assertEquals(List.of(), Installation.classLists(), "none was made yet");

        Path archive = Files.createDirectories(target.resolve("archives")).resolve("worker.jsa");
        Files.createFile(archive);
        assertTrue(Installation.archiveOptions(Jvm.WORKER).contains("-XX:SharedArchiveFile=" + archive));
        assertFalse(Installation.archiveOptions(Jvm.NODE).toString().contains(".jsa"));
        Path list = Files.createFile(archive.resolveSibling("node.classes"));
        assertEquals(List.of(list), Installation.classLists());
    }

    @Test
    void whoIsToldToWriteArchivesTellsItsChildren() {
        System.setProperty(WRITE, "/archives");
        assertEquals(
                List.of(
                        "-XX:ArchiveClassesAtExit=/archives/worker.jsa",
                        "-XX:DumpLoadedClassList=/archives/worker.classes",
                        "-D" + WRITE + "=/archives"),
                Installation.archiveOptions(Jvm.WORKER));
    }
}
