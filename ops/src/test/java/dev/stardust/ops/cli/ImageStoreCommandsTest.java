package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageStoreCommandsTest {
    @TempDir
    Path dir;

    private final byte[] image = new byte[3 << 20];
    private Path file;
    private String store;

    @BeforeEach
    void makeImage() throws IOException {
        new Random(1).nextBytes(image);
        java.util.Arrays.fill(image, 1 << 20, 2 << 20, (byte) 0);
        file = Files.write(dir.resolve("disk.raw"), image);
        store = dir.resolve("store").toString();
    }

    @Test
    void anImageGoesInIsListedAndComesOut() throws IOException {
        String text = CliRun.good("image", "import", "--store", store, file.toString());
        assertTrue(text.startsWith("disk: 3.0 MiB in "), text);
        assertTrue(CliRun.good("image", "ls", "--store", store).contains("disk "));
        Path out = dir.resolve("out");
        CliRun.good("image", "export", "--store", store, "disk", out.toString());
        assertArrayEquals(image, Files.readAllBytes(out));
        assertEquals(
                CliException.CONFLICT,
                CliRun.of("image", "export", "--store", store, "disk", out.toString())
                        .code());
        assertEquals(
                CliException.CONFLICT,
                CliRun.of("image", "import", "--store", store, file.toString()).code());
    }

    @Test
    void theLevelOfCompressionIsTheUsers() throws IOException {
        StringBuilder text = new StringBuilder();
        Random random = new Random(4);
        while (text.length() < 1 << 20) {
            text.append("word").append(random.nextInt(3000)).append(' ');
        }
        Files.writeString(file, text.substring(0, 1 << 20));
        long[] stored = new long[2];
        for (int i = 0; i < stored.length; i++) {
            String folder = dir.resolve("store-" + i).toString();
            String level = i == 0 ? "1" : "19";
            CliRun.good("image", "import", "--store", folder, "--zstd-level", level, file.toString());
            stored[i] = ApiClient.JSON
                    .readTree(CliRun.good("image", "stats", "--store", folder, "-o", "json"))
                    .path("storedBytes")
                    .asLong();
        }
        assertTrue(stored[1] < stored[0] && stored[1] > 0, stored[0] + " and " + stored[1]);
        assertEquals(
                CliException.USAGE,
                CliRun.of("image", "import", "--store", store, "--zstd-level", "20", file.toString())
                        .code());
    }

    @Test
    void stdinIsAnImageToo() throws IOException {
        InputStream stdin = System.in;
        try {
            System.setIn(new ByteArrayInputStream(image));
            assertEquals(
                    CliException.USAGE,
                    CliRun.of("image", "import", "--store", store, "-").code());
            CliRun.good("image", "import", "--store", store, "--name", "piped", "-");
        } finally {
            System.setIn(stdin);
        }
        Path out = dir.resolve("out");
        CliRun.good("image", "export", "--store", store, "piped", out.toString());
        assertArrayEquals(image, Files.readAllBytes(out));
    }

    @Test
    void whatNoImageNeedsIsCollected() throws IOException {
        CliRun.good("image", "import", "--store", store, "--name", "a", file.toString());
        CliRun.good("image", "import", "--store", store, "--name", "b", file.toString());
        CliRun.good("image", "rm", "--store", store, "a");
        assertTrue(CliRun.good("image", "gc", "--store", store).contains("0 B of it freed"));
        CliRun.good("image", "rm", "--store", store, "b");
        JsonNode dry = ApiClient.JSON.readTree(CliRun.good("image", "gc", "--store", store, "--dry-run", "-o", "json"));
        assertTrue(dry.path("freedBytes").asLong() > 2 << 20, dry.toString());
        CliRun.good("image", "gc", "--store", store);
        JsonNode stats = ApiClient.JSON.readTree(CliRun.good("image", "stats", "--store", store, "-o", "json"));
        assertEquals(0, stats.path("store").path("chunks").asLong());
        assertEquals(
                CliException.NOT_FOUND,
                CliRun.of("image", "rm", "--store", store, "b").code());
    }

    @Test
    void statsTellWhatIsShared() {
        CliRun.good("image", "import", "--store", store, "--name", "a", file.toString());
        CliRun.good("image", "import", "--store", store, "--name", "b", file.toString());
        String text = CliRun.good("image", "stats", "--store", store);
        assertTrue(text.contains("deduplicated 2.00 times"), text);
        assertTrue(text.matches("(?s).*\na +3.0 MiB +2.0 MiB +2.0 MiB +2.0 MiB +0 B\n.*"), text);
    }

    @Test
    void aScrubFindsWhatRottedAndMendsItFromAnotherStore() throws IOException {
        String other = dir.resolve("other").toString();
        CliRun.good("image", "import", "--store", store, file.toString());
        CliRun.good("image", "import", "--store", other, file.toString());
        Path segment = dir.resolve("store/chunks/00000000.seg");
        byte[] bytes = Files.readAllBytes(segment);
        bytes[1_000_000] ^= 4;
        Files.write(segment, bytes);
        CliRun found = CliRun.of("image", "scrub", "--store", store);
        assertEquals(1, found.code());
        assertTrue(found.out().contains("image disk: 0 chunks mended, 1 lost"), found.out());
        assertTrue(CliRun.good("image", "scrub", "--store", store, "--mend-from", other)
                .contains("1 chunks mended, 0 lost"));
        assertTrue(CliRun.good("image", "scrub", "--store", store).contains(": 0 damaged"));
        assertEquals(
                CliException.NOT_FOUND,
                CliRun.of(
                                "image",
                                "scrub",
                                "--store",
                                store,
                                "--mend-from",
                                dir.resolve("no").toString())
                        .code());
    }

    @Test
    void whatNeedsAStoreSaysSo() {
        CliRun ran = CliRun.of("image", "gc");
        assertEquals(CliException.USAGE, ran.code());
        assertTrue(ran.err().contains("--store"), ran.err());
    }
}
