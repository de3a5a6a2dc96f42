package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class ImageStoreCommandsTest {
    @TempDir
    Path dir;

    private final byte[] image = new byte[3 << 20];
    private Path file;
    private String store;

    /** What a command printed, and its exit code. */
    private record Ran(int code, String out, String err) {}

    @BeforeEach
    void makeImage() throws IOException {
        new Random(1).nextBytes(image);
        java.util.Arrays.fill(image, 1 << 20, 2 << 20, (byte) 0);
        file = Files.write(dir.resolve("disk.raw"), image);
        store = dir.resolve("store").toString();
    }

    private static Ran run(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine(args).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int code = line.execute(args);
        return new Ran(code, out.toString(), err.toString());
    }

    private static String good(String... args) {
        Ran ran = run(args);
        assertEquals(0, ran.code, ran.err);
        return ran.out;
    }

    @Test
    void anImageGoesInIsListedAndComesOut() throws IOException {
        String text = good("image", "import", "--store", store, file.toString());
        assertTrue(text.startsWith("disk: 3.0 MiB in "), text);
        assertTrue(good("image", "ls", "--store", store).contains("disk "));
        Path out = dir.resolve("out");
        good("image", "export", "--store", store, "disk", out.toString());
        assertArrayEquals(image, Files.readAllBytes(out));
        assertEquals(CliException.CONFLICT, run("image", "export", "--store", store, "disk", out.toString()).code);
        assertEquals(CliException.CONFLICT, run("image", "import", "--store", store, file.toString()).code);
    }

    @Test
    void stdinIsAnImageToo() throws IOException {
        InputStream stdin = System.in;
        try {
            System.setIn(new ByteArrayInputStream(image));
            assertEquals(CliException.USAGE, run("image", "import", "--store", store, "-").code);
            good("image", "import", "--store", store, "--name", "piped", "-");
        } finally {
            System.setIn(stdin);
        }
        Path out = dir.resolve("out");
        good("image", "export", "--store", store, "piped", out.toString());
        assertArrayEquals(image, Files.readAllBytes(out));
    }

    @Test
    void whatNoImageNeedsIsCollected() throws IOException {
        good("image", "import", "--store", store, "--name", "a", file.toString());
        good("image", "import", "--store", store, "--name", "b", file.toString());
        good("image", "rm", "--store", store, "a");
        assertTrue(good("image", "gc", "--store", store).contains("0 B of it freed"));
        good("image", "rm", "--store", store, "b");
        JsonNode dry = ApiClient.JSON.readTree(good("image", "gc", "--store", store, "--dry-run", "-o", "json"));
        assertTrue(dry.path("freedBytes").asLong() > 2 << 20, dry.toString());
        good("image", "gc", "--store", store);
        JsonNode stats = ApiClient.JSON.readTree(good("image", "stats", "--store", store, "-o", "json"));
        assertEquals(0, stats.path("store").path("chunks").asLong());
        assertEquals(CliException.NOT_FOUND, run("image", "rm", "--store", store, "b").code);
    }

    @Test
    void statsTellWhatIsShared() {
        good("image", "import", "--store", store, "--name", "a", file.toString());
        good("image", "import", "--store", store, "--name", "b", file.toString());
        String text = good("image", "stats", "--store", store);
        assertTrue(text.contains("deduplicated 2.00 times"), text);
        assertTrue(text.matches("(?s).*\na +3.0 MiB +2.0 MiB +2.0 MiB +2.0 MiB +0 B\n.*"), text);
    }

    @Test
    void aScrubFindsWhatRottedAndMendsItFromAnotherStore() throws IOException {
        String other = dir.resolve("other").toString();
        good("image", "import", "--store", store, file.toString());
        good("image", "import", "--store", other, file.toString());
        Path segment = dir.resolve("store/chunks/00000000.seg");
        byte[] bytes = Files.readAllBytes(segment);
        bytes[1_000_000] ^= 4;
        Files.write(segment, bytes);
        Ran found = run("image", "scrub", "--store", store);
        assertEquals(1, found.code);
        assertTrue(found.out.contains("image disk: 0 chunks mended, 1 lost"), found.out);
        assertTrue(
                good("image", "scrub", "--store", store, "--mend-from", other).contains("1 chunks mended, 0 lost"));
        assertTrue(good("image", "scrub", "--store", store).contains(": 0 damaged"));
        assertEquals(
                CliException.NOT_FOUND,
                run(
                                "image",
                                "scrub",
                                "--store",
                                store,
                                "--mend-from",
                                dir.resolve("no").toString())
                        .code);
    }

    @Test
    void whatNeedsAStoreSaysSo() {
        Ran ran = run("image", "gc");
        assertEquals(CliException.USAGE, ran.code);
        assertTrue(ran.err.contains("--store"), ran.err);
    }
}
