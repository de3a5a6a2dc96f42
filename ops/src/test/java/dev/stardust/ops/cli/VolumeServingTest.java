package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs of others work on volumes that are served. */
final class VolumeServingTest {
    private static final int MIB = 1 << 20;
    private static final long LIMIT_S = 60;

    @TempDir
    Path dir;

    private final byte[] image = new byte[6 * MIB];
    private String store;
    private Path raw;
    private Path socket;

    @BeforeEach
    void makeVolume() throws IOException {
        new Random(1).nextBytes(image);
        Arrays.fill(image, 2 * MIB, 4 * MIB, (byte) 0);
        store = dir.resolve("store").toString();
        raw = Files.write(dir.resolve("image.raw"), image);
        socket = dir.resolve("web.sock");
        CliRun.good("image", "import", "--store", store, "--name", "image", raw.toString());
        CliRun.good("volume", "create", "--store", store, "web", "--image", "image");
    }

    private static String run(String debianPackage, String... command) throws IOException {
        return Tool.run(debianPackage, "in a test", List.of(command));
    }

    private String url() {
        return "nbd+unix:///web?socket=" + socket;
    }

    /** Serves the volume until the last client is gone, while something is done with it. */
    private void served(Work work, String... options) throws Exception {
        CompletableFuture<CliRun> serving = CompletableFuture.supplyAsync(() -> {
            List<String> args = new java.util.ArrayList<>(
                    List.of("volume", "export", "--store", store, "web", "--nbd", socket.toString(), "--once"));
            args.addAll(List.of(options));
            return CliRun.of(args.toArray(String[]::new));
        });
        while (!Files.exists(socket) && !serving.isDone()) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        work.run();
        CliRun ended = serving.get(LIMIT_S, TimeUnit.SECONDS);
        assertEquals(0, ended.code(), ended.err());
        assertTrue(ended.out().contains(url()), ended.out());
        assertFalse(Files.exists(socket));
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    @Test
    void qemuComparesAVolumeWithWhatItWasMadeOf() throws Exception {
        served(() -> run("qemu-utils", "qemu-img", "compare", "-f", "raw", "-F", "raw", url(), raw.toString()));
    }

    @Test
    void qemuSeesTheHolesOfAVolume() throws Exception {
        served(() -> {
            String map = run("qemu-utils", "qemu-img", "map", "-f", "raw", "--output=json", url());
            assertTrue(map.contains("\"start\": 2097152, \"length\": 2097152, \"depth\": 0"), map);
            assertTrue(map.contains("\"zero\": true"), map);
        });
    }

    @Test
    void whatQemuWritesIsInTheVolume() throws Exception {
        served(() -> run(
                "qemu-utils",
                "qemu-io",
                "-f",
                "raw",
                "-c",
                "aio_write -P 7 1M 64k",
                "-c",
                "aio_write -P 8 2500k 3000",
                "-c",
                "aio_flush",
                "-c",
                "write -z 5M 4k",
                "-c",
                "discard 0 64k",
                "-c",
                "flush",
                "-c",
                "read -P 7 1M 64k",
                url()));
        Arrays.fill(image, MIB, MIB + (64 << 10), (byte) 7);
        Arrays.fill(image, 2500 << 10, (2500 << 10) + 3000, (byte) 8);
        Arrays.fill(image, 5 * MIB, 5 * MIB + 4096, (byte) 0);
        Arrays.fill(image, 0, 64 << 10, (byte) 0);
        Path exported = dir.resolve("exported");
        CliRun.good("volume", "export", "--store", store, "web", exported.toString());
        assertEquals(-1, Arrays.mismatch(image, Files.readAllBytes(exported)));
    }

    @Test
    void nbdcopyReadsAVolumeOverSeveralConnectionsAndWritesIt() throws Exception {
        Path copy = dir.resolve("copy");
        served(() -> run("libnbd-bin", "nbdcopy", "--connections=4", url(), copy.toString()), "--readonly");
        assertEquals(-1, Files.mismatch(raw, copy));
        new Random(2).nextBytes(image);
        Files.write(raw, image);
        served(() -> run("libnbd-bin", "nbdcopy", "--connections=4", "--flush", raw.toString(), url()));
        served(() -> run("qemu-utils", "qemu-img", "compare", "-f", "raw", "-F", "raw", url(), raw.toString()));
    }

    @Test
    void aVolumeThatIsServedReadOnlyStaysAsItWas() throws Exception {
        served(
                () -> {
                    String info = run("libnbd-bin", "nbdinfo", url());
                    assertTrue(info.contains("is_read_only: true"), info);
                    assertTrue(info.contains("can_multi_conn: true"), info);
                },
                "--readonly");
    }

    @Test
    void whatIsWrongIsTold() {
        assertEquals(
                CliException.USAGE,
                CliRun.of("volume", "export", "--store", store, "web").code());
        assertEquals(
                CliException.USAGE,
                CliRun.of("volume", "export", "--store", store, "web", "f", "--nbd", "s")
                        .code());
        assertEquals(
                CliException.USAGE,
                CliRun.of("volume", "export", "--store", store, "web", "f", "--once")
                        .code());
        CliRun tooLong = CliRun.of("volume", "export", "--store", store, "web", "--nbd", "/tmp/" + "x".repeat(200));
        assertEquals(CliException.REFUSED, tooLong.code());
        assertTrue(tooLong.err().contains("use a shorter folder"), tooLong.err());
        assertEquals(
                CliException.NOT_FOUND,
                CliRun.of("volume", "export", "--store", store, "nothing", "--nbd", "s")
                        .code());
    }

    /** The process of its own, since a signal is what is tested. */
    @Test
    void aSignalEndsServingAndKeepsWhatWasWritten() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.stardust.ops.cli.Main",
                        "volume",
                        "export",
                        "--store",
                        store,
                        "web",
                        "--nbd",
                        socket.toString())
                .redirectErrorStream(true)
                .redirectOutput(dir.resolve("log").toFile())
                .start();
        try {
            while (!Files.exists(socket) && process.isAlive()) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
            run("qemu-utils", "qemu-io", "-f", "raw", "-c", "write -P 9 0 4k", url());
            process.destroy();
            assertTrue(process.waitFor(LIMIT_S, TimeUnit.SECONDS));
            assertEquals(143, process.exitValue(), Files.readString(dir.resolve("log")));
        } finally {
            process.destroyForcibly();
        }
        assertFalse(Files.exists(socket));
        Arrays.fill(image, 0, 4096, (byte) 9);
        Path exported = dir.resolve("exported");
        CliRun.good("volume", "export", "--store", store, "web", exported.toString());
        assertEquals(-1, Arrays.mismatch(image, Files.readAllBytes(exported)));
    }
}
