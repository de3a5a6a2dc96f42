package dev.stardust.hypervisor.virtio.net;

import java.nio.ByteOrder;
import org.agrona.MutableDirectBuffer;

/**
 * The header before each frame, section 5.1.6, {@code struct virtio_net_hdr_v1} of {@code <linux/virtio_net.h>}.
 *
 * <pre>
 *  0       1          2         4          6            8             10            12
 *  +-------+----------+---------+----------+------------+-------------+-------------+
 *  | flags | gso_type | hdr_len | gso_size | csum_start | csum_offset | num_buffers |
 *  +-------+----------+---------+----------+------------+-------------+-------------+
 * </pre>
 */
final class NetHeader {
    static final int GSO_TYPE_OFFSET = 1;
    static final int HDR_LEN_OFFSET = 2;
    static final int GSO_SIZE_OFFSET = 4;
    static final int CSUM_START_OFFSET = 6;
    static final int CSUM_OFFSET_OFFSET = 8;
    static final int NUM_BUFFERS_OFFSET = 10;

    static final int FLAG_NEEDS_CSUM = 1;
    static final int GSO_NONE = 0;
    static final int GSO_TCPV4 = 1;
    static final int GSO_TCPV6 = 4;

    /** Smaller segments make a frame into thousands; Linux sends none ({@code TCP_MIN_SND_MSS}). */
    private static final int MIN_GSO_SIZE = 48;

    private static final int CSUM_BYTES = 2;

    private NetHeader() {}

    /**
     * Checks what a driver wrote and clears what the host is not to look at.
     *
     * @param header a copy that the driver cannot change
     * @param frameBytes length of the frame behind it
     * @param features those that the driver accepted
     * @return false if the frame must not be sent
     */
    static boolean cleanForHost(MutableDirectBuffer header, int frameBytes, long features) {
        int flags = header.getByte(0) & FLAG_NEEDS_CSUM;
        header.putByte(0, (byte) flags);
        header.putShort(NUM_BUFFERS_OFFSET, (short) 0);
        if (flags == 0) {
            header.putShort(CSUM_START_OFFSET, (short) 0);
            header.putShort(CSUM_OFFSET_OFFSET, (short) 0);
        } else if ((features & NetFeatures.CSUM) == 0
                || u16(header, CSUM_START_OFFSET) + u16(header, CSUM_OFFSET_OFFSET) + CSUM_BYTES > frameBytes) {
            return false;
        }
        int gsoType = header.getByte(GSO_TYPE_OFFSET) & 0xff;
        if (gsoType == GSO_NONE) {
            header.putShort(HDR_LEN_OFFSET, (short) 0);
            header.putShort(GSO_SIZE_OFFSET, (short) 0);
            return true;
        }
        // The length of the protocol headers is a hint that may be wrong.
        int headerLength = Math.min(u16(header, HDR_LEN_OFFSET), frameBytes);
        header.putShort(HDR_LEN_OFFSET, (short) headerLength, ByteOrder.LITTLE_ENDIAN);
        long needed =
                switch (gsoType) {
                    case GSO_TCPV4 -> NetFeatures.HOST_TSO4;
                    case GSO_TCPV6 -> NetFeatures.HOST_TSO6;
                    default -> 0;
                };
        return (features & needed) != 0 && flags != 0 && u16(header, GSO_SIZE_OFFSET) >= MIN_GSO_SIZE;
    }

    /**
     * Checks what the host wrote against what the driver agreed to: frames may have waited since another driver agreed
     * to more.
     *
     * @return false if the driver must not get the frame
     */
    static boolean cleanForDriver(MutableDirectBuffer header, long features) {
        if ((features & NetFeatures.GUEST_CSUM) == 0) {
            if ((header.getByte(0) & FLAG_NEEDS_CSUM) != 0) {
                return false;
            }
            header.putByte(0, (byte) 0);
        }
        return switch (header.getByte(GSO_TYPE_OFFSET) & 0xff) {
            case GSO_NONE -> true;
            case GSO_TCPV4 -> (features & NetFeatures.GUEST_TSO4) != 0;
            case GSO_TCPV6 -> (features & NetFeatures.GUEST_TSO6) != 0;
            default -> false;
        };
    }

    static void setBuffers(MutableDirectBuffer header, int buffers) {
        header.putShort(NUM_BUFFERS_OFFSET, (short) buffers, ByteOrder.LITTLE_ENDIAN);
    }

    private static int u16(MutableDirectBuffer header, int offset) {
        return header.getShort(offset, ByteOrder.LITTLE_ENDIAN) & 0xffff;
    }
}
