package dev.stardust.chunk.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SealedJsonTest {
    record Sample(String name, long epoch, List<String> disks) {}

    private static final Sample SAMPLE = new Sample("web-1", 7, List.of("root", "data"));

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("vm.json");
        SealedJson.write(file, "stardust-test", 1, SAMPLE);
    }

    private DamagedFileException refused(String what) {
        return assertThrows(
                DamagedFileException.class, () -> SealedJson.read(file, "stardust-test", 1, Sample.class), what);
    }

    @Test
    void whatWasWrittenIsRead() throws IOException {
        assertEquals(SAMPLE, SealedJson.read(file, "stardust-test", 1, Sample.class));
    }

    @Test
    void theFormatIsTheGoldenOne() throws IOException {
        assertEquals(
                "stardust-test 1 crc32c=f60ca1f1 bytes=50\n"
                        + "{\"name\":\"web-1\",\"epoch\":7,\"disks\":[\"root\",\"data\"]}",
                Files.readString(file));
    }

    @Test
    void everyFlippedBitIsFound() throws IOException {
        byte[] good = Files.readAllBytes(file);
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, bad);
            refused("bit " + bit);
        }
    }

    @Test
    void aTruncatedFileIsRefusedAtEveryLength() throws IOException {
        byte[] good = Files.readAllBytes(file);
        for (int length = 0; length < good.length; length++) {
            Files.write(file, java.util.Arrays.copyOf(good, length));
            refused("length " + length);
        }
    }

    @Test
    void aNewerVersionIsRefusedByName() throws IOException {
        SealedJson.write(file, "stardust-test", 2, SAMPLE);
        String message = refused("newer").getMessage();
        assertTrue(message.contains("has version 2, this program knows up to 1"), message);
    }

    @Test
    void anotherKindIsRefused() throws IOException {
        Files.write(file, "stardust-other 1 crc32c=00000000 bytes=0\n".getBytes(StandardCharsets.US_ASCII));
        refused("other kind");
    }
}
