package dev.stardust.hypervisor.virtio.vsock;

/**
 * RST packets that answer packets of no connection. It is bounded: while it is full, nothing is taken from the guest
 * (section 5.10.6.1, which asks for such a store so that two full queues do not wait for each other).
 */
final class ResetQueue {
    private static final int CAPACITY = 256;

    private final long[] ports = new long[CAPACITY];
    private final short[] types = new short[CAPACITY];
    private int head;
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    boolean isFull() {
        return size == CAPACITY;
    }

    void clear() {
        size = 0;
    }

    /** Answers a packet of the guest's; the caller has seen to it that there is room. */
    void add(int hostPort, int guestPort, int type) {
        int tail = (head + size) % CAPACITY;
        ports[tail] = ConnectionTable.key(hostPort, guestPort);
        types[tail] = (short) type;
        size++;
    }

    /** Fills in the oldest and forgets it. */
    void take(PacketHeader header, long guestCid) {
        long key = ports[head];
        header.addresses(VsockDevice.HOST_CID, ConnectionTable.hostPort(key), guestCid, ConnectionTable.guestPort(key));
        header.content(types[head], PacketHeader.RST, 0, 0);
        header.credit(0, 0);
        head = (head + 1) % CAPACITY;
        size--;
    }
}
