package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VolumeCommandTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path dir;

    private final byte[] image = new byte[2 * MIB];
    private String store;

    @BeforeEach
    void importImage() throws IOException {
        new Random(1).nextBytes(image);
        store = dir.resolve("store").toString();
        Path file = Files.write(dir.resolve("debian.raw"), image);
        CliRun.good("image", "import", "--store", store, file.toString());
    }

    private String volume(String command, String... args) {
        return CliRun.good(with(command, args));
    }

    private int code(String command, String... args) {
        return CliRun.of(with(command, args)).code();
    }

    private String[] with(String command, String... args) {
        String[] all = new String[args.length + 4];
        all[0] = "volume";
        all[1] = command;
        all[2] = "--store";
        all[3] = store;
        System.arraycopy(args, 0, all, 4, args.length);
        return all;
    }

    private byte[] exported(String name) throws IOException {
        Path file = dir.resolve("exported");
        Files.deleteIfExists(file);
        volume("export", name, file.toString());
        return Files.readAllBytes(file);
    }

    @Test
    void aVolumeIsMadeClonedWrittenComparedSealedAndRemoved() throws IOException {
        volume("create", "web", "--image", "debian");
        volume("clone", "web", "web2", "web3");
        byte[] data = new byte[10_000];
        new Random(2).nextBytes(data);
        Path file = Files.write(dir.resolve("data"), data);
        volume("write", "web", file.toString(), "--offset", "1MiB");
        volume("discard", "web", "--length", "64KiB");
        byte[] expected = image.clone();
        Arrays.fill(expected, 0, 64 << 10, (byte) 0);
        System.arraycopy(data, 0, expected, MIB, data.length);
        assertArrayEquals(expected, exported("web"));
        assertArrayEquals(image, exported("web2"));
        assertEquals("0 65536\n1048576 12288\n", volume("diff", "web", "web2"));
        assertEquals("", volume("diff", "web2", "web3"));
        assertTrue(volume("dedup").contains("web: 128.0 KiB moved"));
        volume("seal", "web", "web-image");
        assertTrue(CliRun.good("image", "ls", "--store", store).contains("web-image"));
        volume("reset", "web");
        assertArrayEquals(expected, exported("web"), "since it was sealed nothing was written");
        volume("resize", "web2", "4MiB");
        assertArrayEquals(Arrays.copyOf(image, 4 * MIB), exported("web2"));
        volume("rm", "web", "web2", "web3");
        assertEquals("", volume("ls", "-q"));
    }

    @Test
    void theListTellsSizesAndLayers() throws IOException {
        volume("create", "empty", "--size", "10GiB");
        volume("create", "web", "--image", "debian");
        JsonNode list = ApiClient.JSON.readTree(volume("ls", "-o", "json"));
        assertEquals(10L << 30, list.path(0).path("sizeBytes").asLong());
        assertEquals("debian", list.path(1).path("image").asText());
        assertEquals(1, list.path(1).path("layers").asInt());
    }

    @Test
    void wrongRequestsHaveCodesOfTheirOwn() throws IOException {
        volume("create", "v", "--size", "1MiB");
        assertEquals(CliException.CONFLICT, code("create", "v", "--size", "1MiB"));
        assertEquals(CliException.NOT_FOUND, code("create", "w", "--image", "nothing"));
        assertEquals(CliException.USAGE, code("create", "w"));
        assertEquals(CliException.USAGE, code("create", "w", "--size", "much"));
        assertEquals(CliException.REFUSED, code("create", "w", "--size", "1000"));
        assertEquals(CliException.NOT_FOUND, code("rm", "w"));
        assertEquals(CliException.USAGE, code("discard", "v", "--offset", "2MiB"));
    }
}
