package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Answers commands of the control queue, section 5.1.6.5.
 *
 * <pre>
 *  readable                              writable
 *  0       1         2                   0     1
 *  +-------+---------+------------+      +-----+
 *  | class | command | data       |      | ack |
 *  +-------+---------+------------+      +-----+
 * </pre>
 *
 * What the driver says it wants to receive is accepted and not used: it gets every frame, as it would from a hub.
 */
final class ControlHandler {
    static final int CLASS_RX = 0;
    static final int RX_PROMISCUOUS = 0;
    static final int RX_ALL_MULTICAST = 1;
    static final int CLASS_MAC = 1;
    static final int MAC_TABLE_SET = 0;
    static final int MAC_ADDR_SET = 1;
    static final int CLASS_ANNOUNCE = 3;
    static final int ANNOUNCE_ACK = 0;

    static final int OK = 0;
    static final int ERROR = 1;

    /** Enough for tables of 600 addresses; a longer command is refused. */
    static final int MAX_BYTES = 4096;

    private static final int DATA = 2;
    private static final int MULTICAST_BIT = 1;

    private final NetConfig config;
    private final UnsafeBuffer command = new UnsafeBuffer(new byte[MAX_BYTES]);
    private final UnsafeBuffer ack = new UnsafeBuffer(new byte[1]);
    private long features;

    ControlHandler(NetConfig config) {
        this.config = config;
    }

    void activate(long newFeatures) {
        features = newFeatures;
    }

    void serve(DeviceQueue queue) {
        for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
            long bytes = chain.readableBytes();
            ack.putByte(0, (byte) (bytes >= DATA && bytes <= MAX_BYTES && obey(chain, (int) bytes) ? OK : ERROR));
            queue.used(chain, chain.writeFirst(ack, 1));
            queue.publish();
            if (queue.turnIsOver()) {
                return;
            }
        }
    }

    private boolean obey(DescriptorChain chain, int bytes) {
        chain.readFirst(command, bytes);
        int dataBytes = bytes - DATA;
        int what = command.getByte(1) & 0xff;
        return switch (command.getByte(0) & 0xff) {
            case CLASS_RX -> has(NetFeatures.CTRL_RX) && what <= RX_ALL_MULTICAST && dataBytes == 1;
            case CLASS_MAC ->
                what == MAC_TABLE_SET
                        ? has(NetFeatures.CTRL_RX) && isTablePair(bytes)
                        : what == MAC_ADDR_SET && has(NetFeatures.CTRL_MAC_ADDR) && setMac(dataBytes);
            case CLASS_ANNOUNCE -> what == ANNOUNCE_ACK && has(NetFeatures.GUEST_ANNOUNCE) && announced();
            default -> false;
        };
    }

    private boolean has(long feature) {
        return (features & feature) != 0;
    }

    /** Two tables, each a count of 32 bits and so many addresses, fill the data. */
    private boolean isTablePair(int bytes) {
        long end = tableEnd(DATA, bytes);
        return end > 0 && tableEnd((int) end, bytes) == bytes;
    }

    /** Where the table that begins at {@code at} ends, or -1 if not before {@code bytes}. */
    private long tableEnd(int at, int bytes) {
        if (at + Integer.BYTES > bytes) {
            return -1;
        }
        long addresses = command.getInt(at, ByteOrder.LITTLE_ENDIAN) & 0xffff_ffffL;
        long end = at + Integer.BYTES + addresses * NetConfig.MAC_BYTES;
        return end <= bytes ? end : -1;
    }

    private boolean setMac(int dataBytes) {
        if (dataBytes != NetConfig.MAC_BYTES || (command.getByte(DATA) & MULTICAST_BIT) != 0) {
            return false;
        }
        byte[] mac = new byte[NetConfig.MAC_BYTES];
        command.getBytes(DATA, mac);
        config.setMac(mac);
        return true;
    }

    private boolean announced() {
        config.setStatus(NetConfig.STATUS_ANNOUNCE, false);
        return true;
    }
}
