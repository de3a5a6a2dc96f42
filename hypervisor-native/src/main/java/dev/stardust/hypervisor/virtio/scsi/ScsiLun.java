package dev.stardust.hypervisor.virtio.scsi;

import org.agrona.DirectBuffer;

/** The 8 bytes by which a request names its unit, section 5.6.6.1: 1, target, LUN in the flat format, zeros. */
final class ScsiLun {
    static final int SIZE = 8;

    private ScsiLun() {}

    /** Whether it names our one target. */
    static boolean isTarget(DirectBuffer bytes, int at) {
        return bytes.getByte(at) == 1 && bytes.getByte(at + 1) == 0;
    }

    /** Whether it names the one unit that our target has. */
    static boolean isUnit(DirectBuffer bytes, int at) {
        int addressMethod = bytes.getByte(at + 2) & 0xc0;
        return isTarget(bytes, at)
                && (addressMethod == 0 || addressMethod == 0x40)
                && (bytes.getByte(at + 2) & 0x3f) == 0
                && bytes.getByte(at + 3) == 0
                && bytes.getInt(at + 4) == 0;
    }
}
