package dev.stardust.hypervisor.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class TransportStateTest {
    private static final String GOLDEN = "53445256494f5354" // magic
            + "01000000" + "02000000" // version, device id
            + "0f000000" + "01000000" // status, interrupt status
            + "0000001001000000" // driver features
            + "01000000" + "01000000" + "00000000" // selectors
            + "01000000" + "03000000" // queues, bytes of the device
            + "00010000" + "01000000" // size, ready
            + "0010000000000000" + "0020000000000000" + "0030000001000000" // areas
            + "feff" + "fdff" // positions
            + "aabbcc" // device
            + "CRC";

    private static TransportState example() {
        TransportState.Queue queue =
                new TransportState.Queue(256, true, 0x1000, 0x2000, 0x1_0000_3000L, 0xfffe, 0xfffd);
        byte[] device = {(byte) 0xaa, (byte) 0xbb, (byte) 0xcc};
        return new TransportState(2, 15, 1, 0x1_1000_0000L, 1, 1, 0, new TransportState.Queue[] {queue}, device);
    }

    private static byte[] golden() {
        return sealed(HexFormat.of().parseHex(GOLDEN.replace("CRC", "00000000")));
    }

    private static byte[] sealed(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - 4);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - 4, (int) crc.getValue());
        return bytes;
    }

    @Test
    void layoutIsTheDocumentedOne() {
        assertArrayEquals(golden(), example().toBytes());
        assertArrayEquals(golden(), TransportState.parse(golden()).toBytes());
    }

    @Test
    void everyFlippedBitIsNoticed() {
        byte[] good = golden();
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrows(IllegalArgumentException.class, () -> TransportState.parse(bad));
        }
    }

    @Test
    void everyTruncationIsNoticed() {
        byte[] good = golden();
        for (int length = 0; length < good.length; length++) {
            byte[] bad = Arrays.copyOf(good, length);
            assertThrows(IllegalArgumentException.class, () -> TransportState.parse(bad));
            if (length >= 4) {
                assertThrows(IllegalArgumentException.class, () -> TransportState.parse(sealed(bad)));
            }
        }
    }

    @Test
    void stateOfAnotherVersionIsRefusedWithItsNumber() {
        byte[] newer = golden();
        newer[8] = 9;
        Exception e = assertThrows(IllegalArgumentException.class, () -> TransportState.parse(sealed(newer)));
        assertEquals("the saved virtio state cannot be read: its version is 9, this program knows 1", e.getMessage());
    }

    /** Bytes with a right checksum are parsed to something, or refused with a sentence. */
    @Property(tries = 2000)
    void anyBytesAreParsedOrRefused(@ForAll int position, @ForAll int value, @ForAll byte[] tail) {
        byte[] bytes = Arrays.copyOf(golden(), golden().length + tail.length % 16);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(Math.floorMod(position, bytes.length - 4), value);
        try {
            TransportState.parse(sealed(bytes));
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().startsWith("the saved virtio state cannot be read: "), e.getMessage());
        }
    }
}
