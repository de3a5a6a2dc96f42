package dev.stardust.chunk.tree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class SmallFilePackTest {
    private static byte[] pack(List<byte[]> files) {
        SmallFilePack.Builder builder = new SmallFilePack.Builder();
        for (int i = 0; i < files.size(); i++) {
            assertEquals(i, builder.add(Blake3.hash(files.get(i)), files.get(i)));
        }
        NativeBuffer memory = new NativeBuffer(SmallFilePack.MAX_BYTES);
        byte[] bytes = new byte[builder.bytes()];
        assertEquals(bytes.length, builder.writeTo(memory));
        assertTrue(builder.isEmpty());
        NativeBuffer.copy(memory.address(), bytes, 0, bytes.length);
        return bytes;
    }

    private static SmallFilePack parse(byte[] bytes) throws CorruptChunkException {
        return SmallFilePack.parse(ByteBuffer.wrap(bytes));
    }

    @Test
    void goldenBytes() throws CorruptChunkException {
        byte[] bytes = pack(List.of("a".getBytes(StandardCharsets.US_ASCII), "bc".getBytes(StandardCharsets.US_ASCII)));
        String expected = "53445041434b0000" + "01000000" + "02000000" + "00".repeat(48)
                + "17762fddd969a453925d65717ac3eea21320b66b54342fde15128d6caf21215f" + "90000000" + "0100" + "0000"
                + HexFormat.of().formatHex(bytes, 104, 136) + "91000000" + "0200" + "0000" + "61" + "6263";
        assertEquals(expected, HexFormat.of().formatHex(bytes));
        assertEquals(Blake3.hash(new byte[] {'b', 'c'}), parse(bytes).hash(1));
    }

    @Property(tries = 100)
    void filesComeBackByTheirNumber(@ForAll long seed) throws CorruptChunkException {
        Random random = new Random(seed);
        SmallFilePack.Builder builder = new SmallFilePack.Builder();
        List<byte[]> files = new ArrayList<>();
        while (true) {
            byte[] file = new byte[1 + random.nextInt(random.nextBoolean() ? 100 : SmallFilePack.MAX_FILE_BYTES)];
            random.nextBytes(file);
            if (!builder.fits(file.length)) {
                break;
            }
            builder.add(Blake3.hash(file), file);
            files.add(file);
        }
        assertTrue(builder.bytes() <= SmallFilePack.MAX_BYTES);
        SmallFilePack pack = parse(pack(files));
        assertEquals(files.size(), pack.count());
        for (int i = 0; i < files.size(); i++) {
            assertArrayEquals(files.get(i), pack.content(i));
            assertEquals(Blake3.hash(files.get(i)), pack.hash(i));
        }
    }

    @Property(tries = 1_000)
    void damagedPacksAreReadOrRefused(@ForAll long seed) {
        Random random = new Random(seed);
        List<byte[]> files = new ArrayList<>();
        for (int i = random.nextInt(20); i >= 0; i--) {
            files.add(new byte[1 + random.nextInt(300)]);
        }
        byte[] whole = pack(files);
        byte[] bytes = java.util.Arrays.copyOf(whole, whole.length - random.nextInt(2) * random.nextInt(whole.length));
        for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
            bytes[random.nextInt(Math.min(bytes.length, 120))] = (byte) random.nextInt(256);
        }
        try {
            SmallFilePack pack = parse(bytes);
            for (int i = 0; i < pack.count(); i++) {
                assertTrue(pack.content(i).length <= bytes.length);
            }
        } catch (CorruptChunkException e) {
            assertFalse(e.getMessage().isEmpty());
        }
    }

    @Test
    void newerVersionsAreRefused() {
        byte[] bytes = pack(List.of(new byte[] {1}));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(8, 2);
        assertTrue(assertThrows(CorruptChunkException.class, () -> parse(bytes))
                .getMessage()
                .contains("version 2"));
    }
}
