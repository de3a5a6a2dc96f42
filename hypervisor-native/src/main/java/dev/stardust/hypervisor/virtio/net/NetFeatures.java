package dev.stardust.hypervisor.virtio.net;

/** Feature bits of a network device, section 5.1.3: those that this device or a backend can offer. */
public final class NetFeatures {
    /** The device completes checksums that the driver left partial. */
    public static final long CSUM = 1L << 0;

    /** The driver takes frames with partial checksums. */
    public static final long GUEST_CSUM = 1L << 1;

    static final long MTU = 1L << 3;
    static final long MAC = 1L << 5;

    /** The driver takes TCP over IPv4 in large frames. */
    public static final long GUEST_TSO4 = 1L << 7;

    /** The driver takes TCP over IPv6 in large frames. */
    public static final long GUEST_TSO6 = 1L << 8;

    /** The device cuts large frames of TCP over IPv4. */
    public static final long HOST_TSO4 = 1L << 11;

    /** The device cuts large frames of TCP over IPv6. */
    public static final long HOST_TSO6 = 1L << 12;

    static final long MRG_RXBUF = 1L << 15;
    static final long STATUS = 1L << 16;
    static final long CTRL_VQ = 1L << 17;
    static final long CTRL_RX = 1L << 18;
    static final long GUEST_ANNOUNCE = 1L << 21;
    static final long CTRL_MAC_ADDR = 1L << 23;

    /** All that a backend may do for frames. */
    static final long OFFLOADS = CSUM | GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6 | HOST_TSO4 | HOST_TSO6;

    private NetFeatures() {}
}
