package dev.stardust.hypervisor.virtio.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class NetStateTest {
    private static final byte[] GOLDEN = HexFormat.of()
            .parseHex(
                    "01000000" // version
                            + "025344000102" + "dc05" // address, MTU
                            + "01000000"); // link

    @Test
    void layoutIsTheDocumentedOne() {
        byte[] mac = HexFormat.of().parseHex("025344000102");
        assertArrayEquals(GOLDEN, new NetState(mac, 1500, true).toBytes());
        NetState read = NetState.parse(GOLDEN);
        assertArrayEquals(mac, read.mac());
        assertEquals(1500, read.mtu());
        assertTrue(read.linkUp());
    }

    @Test
    void otherLengthsAndVersionsAreRefused() {
        for (int length = 0; length < GOLDEN.length + 3; length++) {
            byte[] bytes = Arrays.copyOf(GOLDEN, length);
            if (length != GOLDEN.length) {
                assertThrows(IllegalArgumentException.class, () -> NetState.parse(bytes), length + " bytes");
            }
        }
        byte[] newer = GOLDEN.clone();
        newer[0] = 2;
        Exception e = assertThrows(IllegalArgumentException.class, () -> NetState.parse(newer));
        assertEquals(
                "the state of a network device cannot be read: it has version 2, this program knows 1", e.getMessage());
    }

    @Property(tries = 2000)
    void anyBytesAreParsedOrRefused(@ForAll @Size(16) byte[] bytes, @ForAll boolean rightVersion) {
        if (rightVersion) {
            System.arraycopy(GOLDEN, 0, bytes, 0, 4);
            Arrays.fill(bytes, 13, 16, (byte) 0);
        }
        try {
            assertArrayEquals(bytes, NetState.parse(bytes).toBytes());
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().startsWith("the state of a network device cannot be read: "), e.getMessage());
        }
    }
}
