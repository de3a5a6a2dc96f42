package dev.stardust.hypervisor.virtio.net;

import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The configuration space, section 5.1.4; read by vCPU threads while others change it.
 *
 * <pre>
 *  0          6        8                     10    12
 *  +----------+--------+---------------------+-----+
 *  | mac      | status | max_virtqueue_pairs | mtu |
 *  +----------+--------+---------------------+-----+
 * </pre>
 */
final class NetConfig {
    static final int MAC_BYTES = 6;
    static final int STATUS_LINK_UP = 1;
    static final int STATUS_ANNOUNCE = 2;

    private static final int SIZE = 12;
    private static final int STATUS_OFFSET = 6;
    private static final int MTU_OFFSET = 10;

    private final UnsafeBuffer bytes = new UnsafeBuffer(new byte[SIZE]);

    NetConfig(byte[] mac, int mtu) {
        setMac(mac);
        setStatus(STATUS_LINK_UP, true);
        bytes.putShort(MTU_OFFSET, (short) mtu, ByteOrder.LITTLE_ENDIAN);
    }

    synchronized long read(long offset, int width) {
        long value = 0;
        for (int i = 0; i < width && offset >= 0 && offset + i < SIZE; i++) {
            value |= (long) (bytes.getByte((int) offset + i) & 0xff) << (i * Byte.SIZE);
        }
        return value;
    }

    synchronized byte[] mac() {
        byte[] mac = new byte[MAC_BYTES];
        bytes.getBytes(0, mac);
        return mac;
    }

    synchronized void setMac(byte[] mac) {
        bytes.putBytes(0, mac);
    }

    synchronized boolean has(int statusBit) {
        return (bytes.getShort(STATUS_OFFSET, ByteOrder.LITTLE_ENDIAN) & statusBit) != 0;
    }

    synchronized void setStatus(int statusBit, boolean on) {
        int status = bytes.getShort(STATUS_OFFSET, ByteOrder.LITTLE_ENDIAN);
        int changed = on ? status | statusBit : status & ~statusBit;
        bytes.putShort(STATUS_OFFSET, (short) changed, ByteOrder.LITTLE_ENDIAN);
    }

    int mtu() {
        return bytes.getShort(MTU_OFFSET, ByteOrder.LITTLE_ENDIAN) & 0xffff;
    }
}
