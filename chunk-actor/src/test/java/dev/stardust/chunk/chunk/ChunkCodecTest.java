package dev.stardust.chunk.chunk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ChunkCodecTest {
    private static StoredChunk detached(byte[] raw) {
        return detached(raw, ChunkCodec.DEFAULT_LEVEL);
    }

    private static StoredChunk detached(byte[] raw, int level) {
        StoredChunk c = ChunkCodec.encode(Blake3.hash(raw), ByteBuffer.wrap(raw), level);
        byte[] copy = new byte[c.bytes().remaining()];
        c.bytes().get(copy);
        return new StoredChunk(c.id(), c.rawLength(), c.compressed(), ByteBuffer.wrap(copy));
    }

    private static byte[] data(long seed, int length, int randomBytes) {
        byte[] bytes = new byte[length];
        Random random = new Random(seed);
        for (int i = 0; i < Math.min(length, randomBytes); i++) {
            bytes[i] = (byte) random.nextInt();
        }
        return bytes;
    }

    @Property(tries = 100)
    void whatIsEncodedIsDecoded(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 65536) int length,
            @ForAll @IntRange(max = 65536) int randomBytes)
            throws Exception {
        byte[] raw = data(seed, length, randomBytes);
        assertArrayEquals(raw, ChunkCodec.decode(detached(raw)));
    }

    @Test
    void compressibleDataIsCompressedAndRandomDataIsNot() {
        assertTrue(detached(data(1, 65536, 32768)).compressed());
        StoredChunk random = detached(data(1, 65536, 65536));
        assertFalse(random.compressed());
        assertEquals(65536, random.bytes().remaining());
    }

    @Test
    void aHigherLevelTakesLessAndBothAreDecoded() throws Exception {
        StringBuilder text = new StringBuilder();
        Random random = new Random(4);
        while (text.length() < 65536) {
            text.append("word").append(random.nextInt(3000)).append(' ');
        }
        byte[] raw = text.substring(0, 65536).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        StoredChunk fast = detached(raw, 1);
        StoredChunk small = detached(raw, 19);
        assertTrue(small.bytes().remaining() < fast.bytes().remaining());
        assertEquals(fast.bytes().remaining(), detached(raw, 1).bytes().remaining());
        assertArrayEquals(raw, ChunkCodec.decode(fast));
        assertArrayEquals(raw, ChunkCodec.decode(small));
        assertThrows(IllegalArgumentException.class, () -> detached(raw, 0));
        assertThrows(IllegalArgumentException.class, () -> detached(raw, 20));
    }

    @Test
    void lengthsOutsideOf1To65536AreRefused() {
        for (int length : new int[] {0, 65537}) {
            ByteBuffer raw = ByteBuffer.allocate(length);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ChunkCodec.encode(ChunkId.ZERO, raw, ChunkCodec.DEFAULT_LEVEL));
        }
    }

    /** A zstd frame has bits that mean nothing, such as the unused one of its descriptor: these may flip. */
    @Property(tries = 200)
    void aFlippedBitNeverChangesTheData(@ForAll long seed, @ForAll boolean compressible) {
        byte[] raw = data(seed, 5000, compressible ? 1000 : 5000);
        StoredChunk damaged = detached(raw);
        byte[] bytes = damaged.bytes().array();
        int bit = new Random(seed).nextInt(bytes.length * 8);
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
        try {
            assertArrayEquals(raw, ChunkCodec.decode(damaged));
            assertTrue(damaged.compressed());
        } catch (CorruptChunkException e) {
            assertTrue(e.getMessage().contains(damaged.id().toString()), e.getMessage());
        }
    }

    @Test
    void aFlippedBitOfDataIsDetected() {
        for (boolean compressible : new boolean[] {true, false}) {
            StoredChunk damaged = detached(data(1, 5000, compressible ? 1000 : 5000));
            damaged.bytes().array()[500] ^= 1;
            assertThrows(CorruptChunkException.class, () -> ChunkCodec.decode(damaged));
        }
    }

    @Test
    void aFrameThatUnpacksToMoreThanItSaysIsRefused() {
        StoredChunk bomb = detached(new byte[65536]);
        StoredChunk lie = new StoredChunk(bomb.id(), 100, true, bomb.bytes());
        assertThrows(CorruptChunkException.class, () -> ChunkCodec.decode(lie));
        StoredChunk none = new StoredChunk(bomb.id(), 70000, true, bomb.bytes());
        assertThrows(CorruptChunkException.class, () -> ChunkCodec.decode(none));
    }
}
