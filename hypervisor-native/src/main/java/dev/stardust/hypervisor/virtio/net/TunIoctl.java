package dev.stardust.hypervisor.virtio.net;

/** Requests and flags of {@code <linux/if_tun.h>}. */
public final class TunIoctl {
    private static final int TYPE = 'T';
    private static final long WRITE = 1L << 30;
    private static final long READ = 2L << 30;

    public static final long TUNSETIFF = number(WRITE, 202);
    public static final long TUNSETOFFLOAD = number(WRITE, 208);
    public static final long TUNGETIFF = number(READ, 210);
    public static final long TUNSETVNETHDRSZ = number(WRITE, 216);

    /** Of {@code <linux/sockios.h>}: an interface's number, asked of any socket. */
    public static final long SIOCGIFINDEX = 0x8933;

    /** {@code struct ifreq}: name of 16 bytes, flags of 2, and more that tun does not use. */
    static final int IFREQ_BYTES = 40;

    static final int IFREQ_NAME_BYTES = 16;
    static final int IFREQ_FLAGS_OFFSET = 16;

    static final int IFF_TAP = 0x0002;
    static final int IFF_NO_PI = 0x1000;
    static final int IFF_VNET_HDR = 0x4000;

    static final int TUN_F_CSUM = 0x01;
    static final int TUN_F_TSO4 = 0x02;
    static final int TUN_F_TSO6 = 0x04;

    private TunIoctl() {}

    /** As {@code <asm-generic/ioctl.h>} does it; all of these are defined for an {@code int}, whatever they take. */
    private static long number(long direction, int nr) {
        return direction | (Integer.BYTES << 16) | (TYPE << 8) | nr;
    }
}
