package dev.stardust.hypervisor.virtio.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a network device saves besides its queues; the layout is in {@code docs/formats-virtio.md}.
 *
 * @param mac 6 bytes, as the driver set it last
 * @param linkUp whether the cable is in
 */
record NetState(byte[] mac, int mtu, boolean linkUp) {
    static final int VERSION = 1;

    private static final int BYTES = 16;

    byte[] toBytes() {
        return ByteBuffer.allocate(BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(VERSION)
                .put(mac)
                .putShort((short) mtu)
                .putInt(linkUp ? 1 : 0)
                .array();
    }

    /** Throws {@link IllegalArgumentException} telling what is wrong. */
    static NetState parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        require(bytes.length >= Integer.BYTES, bytes.length + " bytes");
        int version = in.getInt();
        require(version == VERSION, "version " + version + ", this program knows " + VERSION);
        require(bytes.length == BYTES, bytes.length + " bytes");
        byte[] mac = new byte[NetConfig.MAC_BYTES];
        in.get(mac);
        require((mac[0] & 1) == 0, "a multicast address");
        int mtu = Short.toUnsignedInt(in.getShort());
        int link = in.getInt();
        require(link == 0 || link == 1, "a link of " + link);
        return new NetState(mac, mtu, link == 1);
    }

    private static void require(boolean condition, String found) {
        if (!condition) {
            throw new IllegalArgumentException("the state of a network device cannot be read: it has " + found);
        }
    }
}
