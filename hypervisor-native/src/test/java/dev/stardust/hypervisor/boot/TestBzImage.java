package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Makes bzImages for tests: the header of a kernel of today, and a kernel of few bytes. */
final class TestBzImage {
    static final long PREFERRED = 0x100_0000;
    static final int INIT_SIZE = 0x30_0000;
    static final int SETUP_SECTS = 2;
    static final int KERNEL_OFFSET = (1 + SETUP_SECTS) * 512;
    static final int HEADER_END = 0x26c;

    private TestBzImage() {}

    static byte[] of(byte[] kernel) {
        ByteBuffer out = ByteBuffer.allocate(KERNEL_OFFSET + kernel.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(0x1f1, (byte) SETUP_SECTS).putShort(0x1fe, (short) 0xaa55);
        out.put(0x200, (byte) 0xeb).put(0x201, (byte) (HEADER_END - 0x202));
        out.put(0x202, new byte[] {'H', 'd', 'r', 'S'}).putShort(0x206, (short) 0x20f);
        out.put(0x211, (byte) 1).putInt(0x214, 0x100000);
        out.putInt(0x22c, 0x7fff_ffff).putInt(0x230, 0x20_0000).put(0x234, (byte) 1);
        out.putShort(0x236, (short) 0x2b).putInt(0x238, 2047);
        out.putLong(0x258, PREFERRED).putInt(0x260, INIT_SIZE);
        return out.put(KERNEL_OFFSET, kernel).array();
    }
}
