package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The header of a packet, section 5.10.6 and {@code linux/virtio_vsock.h}; one object for one packet after the other.
 *
 * <pre>
 *  0          8          16     20     24     28     30   32     36     40     44
 *  +----------+----------+------+------+------+------+----+------+------+------+-------
 *  | src cid  | dst cid  | src  | dst  | len  | type | op |flags | buf  | fwd  | len
 *  |          |          | port | port |      |      |    |      |alloc | cnt  | bytes
 *  +----------+----------+------+------+------+------+----+------+------+------+-------
 * </pre>
 */
final class PacketHeader {
    static final int SIZE = 44;

    static final int STREAM = 1;

    static final int REQUEST = 1;
    static final int RESPONSE = 2;
    static final int RST = 3;
    static final int SHUTDOWN = 4;
    static final int RW = 5;
    static final int CREDIT_UPDATE = 6;
    static final int CREDIT_REQUEST = 7;

    /** Flags of SHUTDOWN: its sender reads no more. */
    static final int NO_RECEIVE = 1;

    /** Its sender writes no more. */
    static final int NO_SEND = 2;

    /** Neither. */
    static final int NEITHER = NO_RECEIVE | NO_SEND;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int SRC_CID = 0;
    private static final int DST_CID = 8;
    private static final int SRC_PORT = 16;
    private static final int DST_PORT = 20;
    private static final int LEN = 24;
    private static final int TYPE = 28;
    private static final int OP = 30;
    private static final int FLAGS = 32;
    private static final int BUF_ALLOC = 36;
    private static final int FWD_CNT = 40;
    private static final int U16 = 0xffff;

    private final UnsafeBuffer bytes = new UnsafeBuffer(new byte[SIZE]);

    /**
     * Takes the header of a packet of the guest's.
     *
     * @throws dev.stardust.hypervisor.virtio.VirtioFaultException if the request is shorter
     */
    void read(DescriptorChain chain) {
        chain.readFirst(bytes, SIZE);
    }

    /** Puts the header before the payload of a packet for the guest; the caller has seen to it that it fits. */
    void write(DescriptorChain chain) {
        chain.writeFirst(bytes, SIZE);
    }

    void addresses(long srcCid, int srcPort, long dstCid, int dstPort) {
        bytes.putLong(SRC_CID, srcCid, LE);
        bytes.putLong(DST_CID, dstCid, LE);
        bytes.putInt(SRC_PORT, srcPort, LE);
        bytes.putInt(DST_PORT, dstPort, LE);
    }

    void content(int type, int op, int flags, int lengthBytes) {
        bytes.putInt(LEN, lengthBytes, LE);
        bytes.putShort(TYPE, (short) type, LE);
        bytes.putShort(OP, (short) op, LE);
        bytes.putInt(FLAGS, flags, LE);
    }

    void credit(int bufAlloc, int fwdCnt) {
        bytes.putInt(BUF_ALLOC, bufAlloc, LE);
        bytes.putInt(FWD_CNT, fwdCnt, LE);
    }

    long srcCid() {
        return bytes.getLong(SRC_CID, LE);
    }

    long dstCid() {
        return bytes.getLong(DST_CID, LE);
    }

    int srcPort() {
        return bytes.getInt(SRC_PORT, LE);
    }

    int dstPort() {
        return bytes.getInt(DST_PORT, LE);
    }

    /** Bytes of payload as the sender says. */
    long length() {
        return Integer.toUnsignedLong(bytes.getInt(LEN, LE));
    }

    int type() {
        return bytes.getShort(TYPE, LE) & U16;
    }

    int op() {
        return bytes.getShort(OP, LE) & U16;
    }

    int flags() {
        return bytes.getInt(FLAGS, LE);
    }

    int bufAlloc() {
        return bytes.getInt(BUF_ALLOC, LE);
    }

    int fwdCnt() {
        return bytes.getInt(FWD_CNT, LE);
    }
}
