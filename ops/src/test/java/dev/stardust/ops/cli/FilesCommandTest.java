package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FilesCommandTest {
    private static final byte[] SMALL = "small".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path dir;

    private final byte[] large = new byte[200_000];
    private String store;

    @BeforeEach
    void importFolder() throws IOException {
        new Random(1).nextBytes(large);
        store = dir.resolve("store").toString();
        Path folder = Files.createDirectories(dir.resolve("tree/sub"));
        Files.write(folder.resolve("small"), SMALL);
        Files.write(folder.resolve("large"), large);
        Files.createSymbolicLink(dir.resolve("tree/link"), Path.of("sub/small"));
        assertTrue(CliRun.good(
                        "files", "import", "--store", store, dir.resolve("tree").toString())
                .startsWith("tree: 5 names, "));
    }

    /** What a command wrote to standard output, byte by byte. */
    private static byte[] output(String... args) throws IOException {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (PrintStream to = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
            System.setOut(to);
            CliRun.good(args);
        } finally {
            System.setOut(before);
        }
        return bytes.toByteArray();
    }

    @Test
    void filesAreListedAndRead() throws IOException {
        String all = CliRun.good("files", "ls", "--store", store, "tree");
        assertEquals(5, all.lines().count(), all);
        assertTrue(all.contains("/link -> sub/small"), all);
        assertEquals(
                3,
                CliRun.good("files", "ls", "--store", store, "tree", "/sub/")
                        .lines()
                        .count());
        assertArrayEquals(large, output("files", "cat", "--store", store, "tree", "sub/large"));
        assertArrayEquals(SMALL, output("files", "cat", "--store", store, "tree", "/sub/small"));
        String hash = Blake3.hash(SMALL).toString();
        assertArrayEquals(SMALL, output("files", "cat", "--store", store, "--hash", hash));
    }

    @Test
    void aTreeIsAnImageOfItsOwnKindThatIsScrubbedCountedAndRemoved() throws IOException {
        assertTrue(CliRun.good("image", "ls", "--store", store).matches("(?s).*tree +files .*"));
        assertTrue(CliRun.good("image", "stats", "--store", store).contains("tree"));
        CliRun.good("image", "scrub", "--store", store);
        Path file = dir.resolve("no");
        assertEquals(
                CliException.REFUSED,
                CliRun.of("image", "export", "--store", store, "tree", file.toString())
                        .code());
        assertEquals(
                CliException.REFUSED,
                CliRun.of("volume", "create", "--store", store, "v", "--image", "tree")
                        .code());
        CliRun.good("image", "gc", "--store", store);
        assertArrayEquals(large, output("files", "cat", "--store", store, "tree", "sub/large"));
        CliRun.good("image", "rm", "--store", store, "tree");
        assertTrue(CliRun.good("image", "gc", "--store", store).startsWith("0 B needed"));
    }

    @Test
    void anExportIsATarThatImportsAgainAndOverwritesNothing() throws IOException {
        Path tar = dir.resolve("out.tar");
        CliRun.good("files", "export", "--store", store, "tree", tar.toString());
        assertArrayEquals(Files.readAllBytes(tar), output("files", "export", "--store", store, "tree", "-"));
        assertEquals(
                CliException.CONFLICT,
                CliRun.of("files", "export", "--store", store, "tree", tar.toString())
                        .code());
        String again = CliRun.good("files", "import", "--store", store, tar.toString());
        assertTrue(again.startsWith("out: 5 names, ") && again.contains(" 0 new, "), again);
    }

    @Test
    void whatCannotBeIsRefused() {
        String no = dir.resolve("no").toString();
        assertEquals(
                CliException.NOT_FOUND,
                CliRun.of("files", "import", "--store", store, no).code());
        assertEquals(
                CliException.NOT_FOUND,
                CliRun.of("files", "ls", "--store", store, "no").code());
        assertEquals(
                CliException.NOT_FOUND,
                CliRun.of("files", "cat", "--store", store, "tree", "sub/no").code());
        assertEquals(
                CliException.USAGE,
                CliRun.of("files", "cat", "--store", store, "tree", "sub").code());
        assertEquals(
                CliException.USAGE,
                CliRun.of("files", "cat", "--store", store, "--hash", "12").code());
        assertEquals(
                CliException.CONFLICT,
                CliRun.of(
                                "files",
                                "import",
                                "--store",
                                store,
                                dir.resolve("tree").toString())
                        .code());
    }
}
