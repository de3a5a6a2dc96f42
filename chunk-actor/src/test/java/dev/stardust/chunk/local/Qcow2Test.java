package dev.stardust.chunk.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.manifest.Progress;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Qcow2Test {
    @TempDir
    Path dir;

    private final byte[] disk = new byte[8 << 20];
    private Path raw;
    private LocalStore store;

    @BeforeEach
    void prepare() throws IOException {
        byte[] data = new byte[1 << 20];
        new Random(1).nextBytes(data);
        System.arraycopy(data, 0, disk, 3 << 20, data.length);
        raw = Files.write(dir.resolve("disk.raw"), disk);
        store = LocalStore.open(dir.resolve("store"));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private static void qemuImg(String... arguments) throws Exception {
        List<String> command =
                Stream.concat(Stream.of("qemu-img"), Stream.of(arguments)).toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0, text);
    }

    private String refused(Path image) {
        String message = assertThrows(IOException.class, () -> store.importFile("x", image, false, Progress.NONE))
                .getMessage();
        assertTrue(message.contains(image.toString()), message);
        return message;
    }

    @Test
    void aCompressedImageIsTheDiskItHolds() throws Exception {
        Path image = dir.resolve("disk.qcow2");
        qemuImg("convert", "-c", "-O", "qcow2", raw.toString(), image.toString());
        store.importFile("q", image, false, Progress.NONE);
        assertEquals(0, store.importFile("r", raw, false, Progress.NONE).newChunks());
        Path out = dir.resolve("out");
        store.export("q", out, Progress.NONE);
        assertArrayEquals(disk, Files.readAllBytes(out));
        assertNothingLeft();
    }

    private void assertNothingLeft() throws IOException {
        try (Stream<Path> left = Files.list(dir.resolve("store/tmp"))) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void imagesThatNameOtherFilesAreRefused() throws Exception {
        Path over = dir.resolve("over.qcow2");
        qemuImg("create", "-f", "qcow2", "-b", raw.toString(), "-F", "raw", over.toString());
        assertTrue(refused(over).contains("backing file"));
        Path split = dir.resolve("split.qcow2");
        qemuImg("create", "-f", "qcow2", "-o", "data_file=" + dir.resolve("data"), split.toString(), "1M");
        assertTrue(refused(split).contains("another file"));
        assertNothingLeft();
    }

    @Test
    void damagedOnesAreRefusedWithTheFile() throws Exception {
        Path image = dir.resolve("disk.qcow2");
        qemuImg("convert", "-O", "qcow2", raw.toString(), image.toString());
        Path cut = dir.resolve("cut.qcow2");
        Files.write(cut, java.util.Arrays.copyOf(Files.readAllBytes(image), 60));
        assertTrue(refused(cut).contains("cut short"));
        Path newer = Files.copy(image, dir.resolve("newer.qcow2"));
        try (RandomAccessFile file = new RandomAccessFile(newer.toFile(), "rw")) {
            file.seek(4);
            file.writeInt(9);
        }
        assertTrue(refused(newer).contains("version 9"));
        Path wild = Files.copy(image, dir.resolve("wild.qcow2"));
        try (RandomAccessFile file = new RandomAccessFile(wild.toFile(), "rw")) {
            file.seek(40); // where the L1 table lies
            file.writeLong(0x7fff_ffff_ffff_0000L);
        }
        assertTrue(refused(wild).contains("qemu-img failed to read"));
    }
}
