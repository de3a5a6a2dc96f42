package dev.stardust.hypervisor.virtio.vsock;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A packet as a guest sees it. */
record TestPacket(
        long srcCid,
        int srcPort,
        long dstCid,
        int dstPort,
        int type,
        int op,
        int flags,
        int bufAlloc,
        int fwdCnt,
        int length,
        byte[] payload) {
    static final int HEADER = 44;

    static TestPacket parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long srcCid = in.getLong();
        long dstCid = in.getLong();
        int srcPort = in.getInt();
        int dstPort = in.getInt();
        int length = in.getInt();
        int type = in.getShort();
        int op = in.getShort();
        int flags = in.getInt();
        int bufAlloc = in.getInt();
        int fwdCnt = in.getInt();
        byte[] payload = new byte[in.remaining()];
        in.get(payload);
        return new TestPacket(srcCid, srcPort, dstCid, dstPort, type, op, flags, bufAlloc, fwdCnt, length, payload);
    }

    byte[] toBytes() {
        ByteBuffer out = ByteBuffer.allocate(HEADER + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(srcCid).putLong(dstCid).putInt(srcPort).putInt(dstPort).putInt(length);
        out.putShort((short) type)
                .putShort((short) op)
                .putInt(flags)
                .putInt(bufAlloc)
                .putInt(fwdCnt);
        return out.put(payload).array();
    }
}
