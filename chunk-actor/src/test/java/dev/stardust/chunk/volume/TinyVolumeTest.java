package dev.stardust.chunk.volume;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.ChunkReader;
import dev.stardust.chunk.store.UnsupportedVersionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TinyVolumeTest {
    private static final int WINDOW = TinyVolume.WINDOW_BYTES;
    private static final int SIZE = 5 * WINDOW + 1024;

    @TempDir
    Path dir;

    private final Map<ChunkId, byte[]> chunks = new HashMap<>();
    private final ChunkReader reader = (id, length, address) -> {
        byte[] bytes = chunks.get(id);
        assertEquals(length, bytes.length);
        NativeBuffer.copy(bytes, 0, address, length);
    };
    private final byte[] base = Disks.random(1, SIZE);
    private Path file;

    @BeforeEach
    void create() throws IOException {
        file = dir.resolve("v.tiny");
        TinyVolume.create(file, new TinyHeader(new ChunkId(1, 2, 3, 4), false, SIZE, 7));
    }

    private TinyVolume open() throws IOException {
        return TinyVolume.open(file, true, Disks.ofBytes(base), reader);
    }

    private TinyVolume.Window window(long number, int seed) {
        byte[] bytes = Disks.random(seed, (int) Math.min(WINDOW, SIZE - number * WINDOW));
        ChunkId id = Blake3.hash(bytes);
        chunks.put(id, bytes);
        return new TinyVolume.Window(number, id);
    }

    private void put(byte[] expected, TinyVolume.Window window) {
        byte[] bytes = window.id().isZero() ? new byte[WINDOW] : chunks.get(window.id());
        System.arraycopy(bytes, 0, expected, (int) window.number() * WINDOW, bytes.length);
    }

    @Test
    void takes64BytesWhateverItsSizeAnd48ForEachWindow() throws IOException {
        Path huge = dir.resolve("huge.tiny");
        TinyVolume.create(huge, new TinyHeader(ChunkId.ZERO, false, DeltaVolume.MAX_SIZE_BYTES, 1));
        assertEquals(64, Files.size(huge));
        try (TinyVolume v = open()) {
            v.replace(List.of(window(0, 1), window(3, 2)));
        }
        assertEquals(64 + 2 * 48, Files.size(file));
    }

    @Test
    void windowsShowInsteadOfTheBaseAlsoAfterReopening() throws IOException {
        byte[] expected = base.clone();
        List<TinyVolume.Window> first = List.of(window(1, 5), window(5, 6), new TinyVolume.Window(2, ChunkId.ZERO));
        List<TinyVolume.Window> second = List.of(window(1, 7));
        first.forEach(w -> put(expected, w));
        second.forEach(w -> put(expected, w));
        try (TinyVolume v = open()) {
            assertArrayEquals(base, Disks.readAll(v));
            v.replace(first);
            v.replace(second);
            assertEquals(3, v.ownWindows());
            assertArrayEquals(expected, Disks.readAll(v));
            assertArrayEquals(
                    Arrays.copyOfRange(expected, WINDOW - 10, 3 * WINDOW + 10),
                    Disks.read(v, WINDOW - 10, 2 * WINDOW + 20));
            assertThrows(IOException.class, () -> Disks.write(v, 0, new byte[512]));
            assertThrows(IndexOutOfBoundsException.class, () -> Disks.read(v, SIZE - 1, 2));
            assertThrows(
                    IndexOutOfBoundsException.class, () -> v.replace(List.of(new TinyVolume.Window(6, ChunkId.ZERO))));
            assertThrows(IOException.class, this::open, "it is open already");
        }
        try (TinyVolume v = open()) {
            assertArrayEquals(expected, Disks.readAll(v));
        }
        int[] count = {0};
        TinyVolume.forEachChunk(file, id -> count[0]++);
        assertEquals(3, count[0]);
    }

    @Test
    void whatACrashHasTornAtTheEndIsCutOffAndWhatIsWholeStays() throws IOException {
        byte[] expected = base.clone();
        TinyVolume.Window kept = window(1, 5);
        put(expected, kept);
        byte[] whole;
        try (TinyVolume v = open()) {
            v.replace(List.of(kept));
            // As after a power cut: the header does not tell of the last batch yet.
            whole = Files.readAllBytes(file);
        }
        try (TinyVolume v = open()) {
            v.replace(List.of(window(3, 6)));
            whole = Files.readAllBytes(file);
        }
        for (int cut = 64 + 48; cut < whole.length; cut++) {
            Files.write(file, Arrays.copyOf(whole, cut));
            try (TinyVolume v = open()) {
                assertArrayEquals(expected, Disks.readAll(v), "cut at " + cut);
            }
            assertEquals(64 + 48, Files.size(file));
        }
        Files.write(file, whole);
        try (TinyVolume v = open()) {
            assertEquals(2, v.ownWindows());
        }
    }

    @Test
    void everyFlippedBitOfAClosedVolumeIsNoticed() throws IOException {
        try (TinyVolume v = open()) {
            v.replace(List.of(window(1, 5), window(2, 6)));
            v.replace(List.of(window(1, 7)));
        }
        byte[] whole = Files.readAllBytes(file);
        for (int bit = 0; bit < 8 * whole.length; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, flipped);
            int at = bit;
            IOException e = assertThrows(IOException.class, () -> open().close(), () -> "bit " + at);
            assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
        }
    }

    @Test
    void isRefusedWhenItIsNoVolumeOrOfANewerVersion() throws IOException {
        Path other = Files.write(dir.resolve("other.tiny"), new byte[100]);
        assertThrows(CorruptChunkException.class, () -> TinyVolume.header(other));
        Path shorter = Files.write(dir.resolve("short.tiny"), new byte[10]);
        assertThrows(CorruptChunkException.class, () -> TinyVolume.header(shorter));
        NativeBuffer b = new NativeBuffer(64);
        TinyFormat.putHeader(b.buffer(), new TinyHeader(ChunkId.ZERO, false, 512, 1), 0);
        b.buffer().putShort(8, (short) 2);
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(b.buffer().duplicate().limit(60));
        b.buffer().putInt(60, (int) crc.getValue());
        assertThrows(UnsupportedVersionException.class, () -> TinyFormat.header(b.buffer(), "x"));
    }

    @Test
    void looksLikeTheGoldenFile() throws IOException {
        try (TinyVolume v = open()) {
            v.replace(List.of(window(1, 5)));
        }
        assertEquals(
                """
                54494e59564f4c0001000000010000000000000000000001000000000000000200000000000000030000000000000004\
                00040500000000000700000037137699""",
                HexFormat.of().formatHex(Files.readAllBytes(file), 0, 64));
    }
}
