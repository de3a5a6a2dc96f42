package dev.stardust.hypervisor.virtio.net;

import java.nio.ByteBuffer;
import java.util.Random;

/** Ethernet frames of TCP over IPv4 without options, behind a header of offloads. */
final class TcpFrame {
    static final int ETHERNET = 14;
    static final int IP = 20;
    static final int TCP = 20;
    static final int HEADERS = ETHERNET + IP + TCP;

    private static final int SOURCE = 0xc000_0201; // 192.0.2.1
    private static final int DESTINATION = 0xc000_0202;
    private static final int CHECKSUM_IN_TCP = 16;

    private TcpFrame() {}

    static byte[] payload(int bytes) {
        byte[] payload = new byte[bytes];
        new Random(bytes).nextBytes(payload);
        return payload;
    }

    /**
     * A frame whose checksum is left to the device.
     *
     * @param gsoSize bytes of each segment that it is to be cut into, or 0 to leave it whole
     */
    static byte[] partial(byte[] payload, int gsoSize) {
        ByteBuffer out = ByteBuffer.allocate(NetBackend.HEADER_BYTES + HEADERS + payload.length);
        out.put((byte) NetHeader.FLAG_NEEDS_CSUM).put((byte) (gsoSize > 0 ? NetHeader.GSO_TCPV4 : NetHeader.GSO_NONE));
        putLittle(out, gsoSize > 0 ? HEADERS : 0);
        putLittle(out, gsoSize);
        putLittle(out, ETHERNET + IP);
        putLittle(out, CHECKSUM_IN_TCP);
        putLittle(out, 0);
        out.put(new byte[] {2, 0, 0, 0, 0, 2})
                .put(new byte[] {2, 0, 0, 0, 0, 1})
                .putShort((short) 0x0800);
        int ip = out.position();
        int ipBytes = IP + TCP + payload.length;
        out.putShort((short) 0x4500)
                .putShort((short) ipBytes)
                .putShort((short) 1)
                .putShort((short) 0x4000);
        out.put((byte) 64).put((byte) 6).putShort((short) 0).putInt(SOURCE).putInt(DESTINATION);
        out.putShort(ip + 10, (short) ~sum(out.array(), ip, IP, 0));
        out.putShort((short) 1000).putShort((short) 2000).putInt(5000).putInt(0);
        out.putShort((short) 0x5018).putShort((short) 1000);
        out.putShort((short) sum(new byte[0], 0, 0, pseudoHeader(TCP + payload.length)))
                .putShort((short) 0);
        return out.put(payload).array();
    }

    private static void putLittle(ByteBuffer out, int value) {
        out.put((byte) value).put((byte) (value >> 8));
    }

    private static long pseudoHeader(int tcpBytes) {
        return (long) (SOURCE >>> 16)
                + (SOURCE & 0xffff)
                + (DESTINATION >>> 16)
                + (DESTINATION & 0xffff)
                + 6
                + tcpBytes;
    }

    /** Whether the TCP checksum of a frame behind its header is right. */
    static boolean checksumIsRight(byte[] frame) {
        int tcp = NetBackend.HEADER_BYTES + ETHERNET + IP;
        return sum(frame, tcp, frame.length - tcp, pseudoHeader(frame.length - tcp)) == 0xffff;
    }

    static int sequence(byte[] frame) {
        return ByteBuffer.wrap(frame).getInt(NetBackend.HEADER_BYTES + ETHERNET + IP + 4);
    }

    /** The ones' complement sum of RFC 1071, not inverted. */
    private static int sum(byte[] bytes, int offset, int length, long start) {
        long sum = start;
        for (int i = 0; i < length; i++) {
            sum += (long) (bytes[offset + i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum > 0xffff) {
            sum = (sum >>> 16) + (sum & 0xffff);
        }
        return (int) sum;
    }
}
