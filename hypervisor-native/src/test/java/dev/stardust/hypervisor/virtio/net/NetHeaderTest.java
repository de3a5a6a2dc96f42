package dev.stardust.hypervisor.virtio.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteOrder;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.statistics.Statistics;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class NetHeaderTest {
    private static UnsafeBuffer header(int flags, int gsoType, int hdrLen, int gsoSize, int csumStart, int csumOffset) {
        UnsafeBuffer header = new UnsafeBuffer(new byte[NetBackend.HEADER_BYTES]);
        header.putByte(0, (byte) flags);
        header.putByte(1, (byte) gsoType);
        int[] fields = {hdrLen, gsoSize, csumStart, csumOffset};
        for (int i = 0; i < fields.length; i++) {
            header.putShort(2 + 2 * i, (short) fields[i], ByteOrder.LITTLE_ENDIAN);
        }
        return header;
    }

    private static int u16(UnsafeBuffer header, int offset) {
        return header.getShort(offset, ByteOrder.LITTLE_ENDIAN) & 0xffff;
    }

    @Test
    void checksumMustLieInTheFrame() {
        assertTrue(NetHeader.cleanForHost(header(1, 0, 0, 0, 34, 16), 52, NetFeatures.CSUM));
        assertFalse(NetHeader.cleanForHost(header(1, 0, 0, 0, 34, 16), 51, NetFeatures.CSUM));
        assertFalse(NetHeader.cleanForHost(header(1, 0, 0, 0, 0xffff, 0xffff), 65_535, NetFeatures.CSUM));
        assertFalse(NetHeader.cleanForHost(header(1, 0, 0, 0, 34, 16), 1500, 0), "not agreed on");
    }

    @Test
    void largeFrameNeedsItsFeatureAChecksumAndSegmentsOfSomeSize() {
        long all = NetFeatures.OFFLOADS;
        assertTrue(NetHeader.cleanForHost(header(1, 1, 54, 1448, 34, 16), 9000, all));
        assertTrue(NetHeader.cleanForHost(header(1, 4, 74, 1428, 54, 16), 9000, all));
        assertFalse(NetHeader.cleanForHost(header(1, 4, 74, 1428, 54, 16), 9000, all & ~NetFeatures.HOST_TSO6));
        assertFalse(NetHeader.cleanForHost(header(1, 1, 54, 1448, 34, 16), 9000, all & ~NetFeatures.HOST_TSO4));
        assertFalse(NetHeader.cleanForHost(header(0, 1, 54, 1448, 34, 16), 9000, all));
        assertFalse(NetHeader.cleanForHost(header(1, 1, 54, 47, 34, 16), 9000, all));
        assertFalse(NetHeader.cleanForHost(header(1, 3, 42, 1448, 34, 6), 9000, all), "UDP");
        assertFalse(NetHeader.cleanForHost(header(1, 0x81, 54, 1448, 34, 16), 9000, all), "ECN");
    }

    @Test
    void whatTheFlagsDoNotAnnounceIsCleared() {
        UnsafeBuffer header = header(0xfe, 0, 7, 8, 9, 10);
        header.putShort(NetHeader.NUM_BUFFERS_OFFSET, (short) 11);
        assertTrue(NetHeader.cleanForHost(header, 60, NetFeatures.OFFLOADS));
        assertEquals(new UnsafeBuffer(new byte[NetBackend.HEADER_BYTES]), header);
    }

    @Test
    void wrongHintOfTheHeadersLengthIsNoError() {
        UnsafeBuffer header = header(1, 1, 0xffff, 1448, 34, 16);
        assertTrue(NetHeader.cleanForHost(header, 9000, NetFeatures.OFFLOADS));
        assertEquals(9000, u16(header, NetHeader.HDR_LEN_OFFSET));
    }

    /** Whatever the driver wrote, what the host gets is sound. */
    @Property(tries = 20_000)
    void anyHeaderIsMadeSoundOrRefused(
            @ForAll @Size(12) byte[] bytes,
            @ForAll boolean plausible,
            @ForAll long features,
            @ForAll @IntRange(min = 14, max = 65_553) int frameBytes) {
        UnsafeBuffer header = new UnsafeBuffer(bytes.clone());
        if (plausible) {
            header.putByte(0, (byte) (bytes[0] & 1));
            header.putByte(1, (byte) (bytes[1] & 5));
        }
        boolean passed = NetHeader.cleanForHost(header, frameBytes, features);
        Statistics.collect(passed ? header.getByte(1) == 0 ? "plain" : "large" : "refused");
        if (!passed) {
            return;
        }
        assertEquals(0, header.getByte(0) & ~1);
        boolean partial = header.getByte(0) == 1;
        if (partial) {
            assertTrue((features & NetFeatures.CSUM) != 0);
            assertTrue(u16(header, 6) + u16(header, 8) + 2 <= frameBytes);
        }
        assertTrue(u16(header, NetHeader.HDR_LEN_OFFSET) <= frameBytes);
        int gsoType = header.getByte(1);
        if (gsoType == 0) {
            assertEquals(0, u16(header, NetHeader.GSO_SIZE_OFFSET));
        } else {
            long needed = gsoType == 1 ? NetFeatures.HOST_TSO4 : NetFeatures.HOST_TSO6;
            assertTrue(partial && (features & needed) != 0 && (gsoType == 1 || gsoType == 4));
            assertTrue(u16(header, NetHeader.GSO_SIZE_OFFSET) >= 48);
        }
        assertEquals(0, u16(header, NetHeader.NUM_BUFFERS_OFFSET));
    }
}
