package dev.stardust.chunk.chunk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ChunkIdTest {
    private static final String HEX = "80ff0203040506070809000b0c0d0e0f101112131415161718191a1b1c1d1eff";

    @Test
    void hexBytesAndBuffersOfBothOrdersAgree() {
        ChunkId id = ChunkId.ofHex(HEX);
        assertEquals(HEX, id.hex());
        assertEquals(HEX, id.toString());
        assertEquals(id, ChunkId.ofHex(HEX.toUpperCase(java.util.Locale.ROOT)));
        for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
            ByteBuffer b = ByteBuffer.allocate(40).order(order);
            id.put(b, 3);
            assertArrayEquals(id.toBytes(), Arrays.copyOfRange(b.array(), 3, 35));
            assertEquals(id, ChunkId.get(b, 3));
        }
    }

    @Test
    void wrongTextIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ChunkId.ofHex("00"));
        assertThrows(IllegalArgumentException.class, () -> ChunkId.ofHex("x" + HEX.substring(1)));
        assertThrows(IllegalArgumentException.class, () -> ChunkId.of(new byte[31]));
    }

    @Test
    void theShardIsTheFirstBits() {
        assertEquals(0x80ff >>> 6, ChunkId.ofHex(HEX).shard(1024));
        assertEquals(0, ChunkId.ZERO.shard(7));
        assertEquals(6, new ChunkId(-1, 0, 0, 0).shard(7));
        assertEquals(1023, new ChunkId(-1, 0, 0, 0).shard(1024));
    }

    @Property
    void orderIsThatOfTheBytes(@ForAll @Size(32) byte[] a, @ForAll @Size(32) byte[] b) {
        int expected = Integer.signum(Arrays.compareUnsigned(a, b));
        assertEquals(expected, Integer.signum(ChunkId.of(a).compareTo(ChunkId.of(b))));
        assertArrayEquals(a, ChunkId.of(a).toBytes());
        assertTrue(ChunkId.of(a).shard(1000) < 1000 && ChunkId.of(a).shard(1000) >= 0);
    }
}
