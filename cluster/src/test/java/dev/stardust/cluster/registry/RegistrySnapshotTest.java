package dev.stardust.cluster.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegistrySnapshotTest {
    private static final String GOLDEN = "535444524547534e" + "00000001"
            + "0000000000000003" + "0000000000000009" + "0000000000000001"
            + "00000001" + "000000016c" + "000000000000000a" + "0000000000000001"
            + "00000002"
            + "0000000161" + "0000000131" + "0000000000000001" + "0000000000000001" + "000000016c"
            + "0000000162" + "0000000132" + "0000000000000001" + "0000000000000001" + "00000000"
            + "00000001" + "0000000172" + "01" + "0000000000000001" + "0000000000000003"
            + "c18c1985";

    @TempDir
    Path dir;

    private static RegistryState sample() {
        return RegistryState.EMPTY
                .apply(
                        3,
                        9,
                        new Txn(
                                "r",
                                List.of(),
                                List.of(new Op.LeaseRenew("l", 10), new Op.Put("a", "1", "l"), new Op.Put("b", "2"))))
                .state();
    }

    private byte[] written() throws IOException {
        Path file = dir.resolve("snapshot");
        RegistrySnapshot.write(sample(), file);
        return Files.readAllBytes(file);
    }

    private RegistryState read(byte[] bytes) throws IOException {
        Path file = dir.resolve("other");
        Files.write(file, bytes);
        return RegistrySnapshot.read(file);
    }

    @Test
    void theFileFormatDoesNotChangeUnnoticed() throws IOException {
        assertEquals(GOLDEN, HexFormat.of().formatHex(written()));
        RegistryState back = read(HexFormat.of().parseHex(GOLDEN));
        assertEquals(3, back.term());
        assertEquals(9, back.index());
        assertEquals(sample().under(""), back.under(""));
        assertEquals(sample().leaseViews(), back.leaseViews());
        assertEquals(sample().results(), back.results());
    }

    @Test
    void everyFlippedBitIsNoticed() throws IOException {
        byte[] bytes = written();
        for (int i = 0; i < bytes.length * 8; i++) {
            byte[] damaged = bytes.clone();
            damaged[i / 8] ^= (byte) (1 << (i % 8));
            assertThrows(IOException.class, () -> read(damaged), "bit " + i);
        }
    }

    @Test
    void everyTruncationAndAddedByteIsNoticed() throws IOException {
        byte[] bytes = written();
        for (int n = 0; n < bytes.length; n++) {
            byte[] part = Arrays.copyOf(bytes, n);
            assertThrows(IOException.class, () -> read(part), "length " + n);
        }
        assertThrows(IOException.class, () -> read(Arrays.copyOf(bytes, bytes.length + 1)));
    }

    @Test
    void anotherVersionIsRefusedByName() throws IOException {
        byte[] bytes = written();
        bytes[11] = 2;
        IOException e = assertThrows(IOException.class, () -> read(bytes));
        assertTrue(e.getMessage().contains("version 2") && e.getMessage().contains("other"), e.getMessage());
    }
}
