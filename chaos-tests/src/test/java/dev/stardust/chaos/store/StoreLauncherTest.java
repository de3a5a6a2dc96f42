package dev.stardust.chaos.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.External;
import dev.stardust.chaos.report.Report;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users type: the launcher starts a JVM that each of these commands works in. */
final class StoreLauncherTest {
    private static final int TIMEOUT_S = 120;

    @TempDir
    Path dir;

    @Test
    void imagesVolumesAndFilesWorkByTheLauncher() throws Exception {
        byte[] bytes = new byte[1 << 20];
        new Random(9).nextBytes(bytes);
        String image = Files.write(dir.resolve("disk.raw"), bytes).toString();
        Path tree = Files.createDirectory(dir.resolve("tree"));
        Files.writeString(tree.resolve("greeting"), "hello");

        stardust("image", "import", image);
        stardust("image", "export", "disk", dir.resolve("exported").toString());
        assertEquals(-1, Files.mismatch(Path.of(image), dir.resolve("exported")));
        stardust("volume", "create", "v", "--image", "disk");
        stardust("volume", "write", "v", tree.resolve("greeting").toString());
        stardust("volume", "export", "v", dir.resolve("written").toString());
        assertTrue(Files.readString(dir.resolve("written"), java.nio.charset.StandardCharsets.ISO_8859_1)
                .startsWith("hello"));
        stardust("files", "import", tree.toString());
        assertTrue(stardust("files", "ls", "tree").contains("/greeting"));
        assertEquals("hello", stardust("files", "cat", "tree", "/greeting"));
        stardust("image", "scrub");
        stardust("image", "gc");
    }

    private String stardust(String area, String verb, String... rest) {
        List<String> command = new ArrayList<>(List.of(
                Report.home().resolve("stardust").toString(),
                area,
                verb,
                "--store",
                dir.resolve("store").toString()));
        command.addAll(List.of(rest));
        return External.run(TIMEOUT_S, command);
    }
}
