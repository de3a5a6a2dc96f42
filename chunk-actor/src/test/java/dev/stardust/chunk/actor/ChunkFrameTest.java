package dev.stardust.chunk.actor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.StoredChunk;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.agrona.concurrent.UnsafeBuffer;

class ChunkFrameTest {
    private static final ChunkId ID =
            new ChunkId(0x0001020304050607L, 0x08090a0b0c0d0e0fL, 0x1011121314151617L, 0x18191a1b1c1d1e1fL);

    private static byte[] written(long request, StoredChunk chunk) {
        ChunkFrame frame = new ChunkFrame().of(request, chunk);
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[frame.length()]);
        frame.write(buffer, 0);
        return buffer.byteArray();
    }

    @Example
    void theLayoutIsTheDocumentedOne() throws CorruptChunkException {
        byte[] golden = HexFormat.of()
                .parseHex("0807060504030201" + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
                        + "00000100" + "01000000" + "aabbcc");
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {0, (byte) 0xaa, (byte) 0xbb, (byte) 0xcc})
                .position(1);
        assertArrayEquals(golden, written(0x0102030405060708L, new StoredChunk(ID, 65536, true, bytes)));
        UnsafeBuffer buffer = new UnsafeBuffer(golden);
        assertEquals(0x0102030405060708L, ChunkFrame.requestId(buffer, 0, golden.length));
        StoredChunk read = ChunkFrame.read(buffer, 0, golden.length);
        assertEquals(new StoredChunk(ID, 65536, true, bytes), read);
    }

    @Property(tries = 500)
    void noiseIsReadOrRefusedWithAReason(@ForAll @Size(max = 120) byte[] noise) {
        UnsafeBuffer buffer = new UnsafeBuffer(noise);
        try {
            ChunkFrame.requestId(buffer, 0, noise.length);
            StoredChunk chunk = ChunkFrame.read(buffer, 0, noise.length);
            assertEquals(noise.length - ChunkFrame.HEADER_LENGTH, chunk.bytes().remaining());
            assertTrue(chunk.rawLength() >= chunk.bytes().remaining());
        } catch (CorruptChunkException refused) {
            assertTrue(refused.getMessage().startsWith("a chunk frame"), refused.getMessage());
        }
    }

    @Property(tries = 300)
    void damagedNumbersAreRefused(@ForAll @IntRange(min = 40, max = 47) int at, @ForAll byte value) {
        byte[] bytes = written(1, new StoredChunk(ID, 3, false, ByteBuffer.wrap(new byte[] {1, 2, 3})));
        boolean same = bytes[at] == value;
        bytes[at] = value;
        UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        try {
            StoredChunk chunk = ChunkFrame.read(buffer, 0, bytes.length);
            assertTrue(same || chunk.rawLength() != 3 || chunk.compressed());
        } catch (CorruptChunkException refused) {
            assertTrue(!same);
        }
    }

    @Example
    void idsArePackedAndUnpacked() {
        List<ChunkId> ids = List.of(ID, ChunkId.ZERO, ID);
        assertEquals(ids, ChunkMessages.unpack(ChunkMessages.pack(ids)));
        assertEquals(List.of(), ChunkMessages.unpack(new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> ChunkMessages.unpack(new byte[33]));
        assertThrows(IllegalArgumentException.class, () -> ChunkMessages.unpack(null));
        assertThrows(
                IllegalArgumentException.class,
                () -> ChunkMessages.unpack(new byte[ChunkId.BYTES * (ChunkMessages.BATCH_CHUNKS + 1)]));
    }
}
