package dev.stardust.ops.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/** Makes kernels of few bytes. */
final class TestKernel {
    static final String VERSION = "6.1.0-18-cloud-amd64";

    private static final int SETUP_SECTORS = 2;
    private static final int HEADER_END = 0x26c;
    private static final int PAYLOAD_OFFSET = 0x300;
    private static final int PAYLOAD_AT = (SETUP_SECTORS + 1) * 512 + PAYLOAD_OFFSET;
    private static final int VERSION_AT = 0x400;
    private static final long ADDRESS = 0x100_0000;
    private static final int CODE_AT = 0x1000;
    private static final int NOTE_AT = 0x800;

    private TestKernel() {}

    /** A bzImage with that payload, which has its size at its end. */
    static byte[] bzImage(byte[] payload) {
        ByteBuffer b = ByteBuffer.allocate(PAYLOAD_AT + payload.length + 32).order(ByteOrder.LITTLE_ENDIAN);
        b.put(0x1f1, (byte) SETUP_SECTORS).putShort(0x1fe, (short) 0xaa55);
        b.put(0x200, (byte) 0xeb).put(0x201, (byte) (HEADER_END - 0x202));
        b.putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f).putShort(0x20e, (short) (VERSION_AT - 0x200));
        b.put(0x211, (byte) 1).putInt(0x214, 0x100000);
        b.putInt(0x22c, 0x7fff_ffff).putInt(0x230, 0x20_0000).put(0x234, (byte) 1);
        b.putShort(0x236, (short) 0x2b).putInt(0x238, 2047);
        b.putInt(0x248, PAYLOAD_OFFSET).putInt(0x24c, payload.length);
        b.putLong(0x258, ADDRESS).putInt(0x260, 0x30_0000);
        b.put(VERSION_AT, (VERSION + " (builder@debian) #1\0").getBytes(StandardCharsets.US_ASCII));
        return b.put(PAYLOAD_AT, payload).array();
    }

    /** A bzImage whose kernel is packed by gzip. */
    static byte[] bzImageOf(byte[] kernel) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(kernel);
        }
        return bzImage(out.toByteArray());
    }

    /** A payload with the size of what is in it behind it. */
    static byte[] sized(byte[] packed, int size) {
        return ByteBuffer.allocate(packed.length + 4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(packed)
                .putInt(size)
                .array();
    }

    /** An ELF file, with the entry that QEMU starts kernels by or not. */
    static byte[] elf(boolean pvh, int codeBytes) {
        ByteBuffer out = ByteBuffer.allocate(CODE_AT + codeBytes).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0x464c457f).put((byte) 2).put((byte) 1).put((byte) 1).position(16);
        out.putShort((short) 2).putShort((short) 62).putInt(1);
        out.putLong(ADDRESS).putLong(64).putLong(0).putInt(0);
        out.putShort((short) 64).putShort((short) 56).putShort((short) (pvh ? 2 : 1));
        out.position(64);
        out.putInt(1).putInt(5).putLong(CODE_AT).putLong(ADDRESS).putLong(ADDRESS);
        out.putLong(codeBytes).putLong(codeBytes).putLong(0x1000);
        out.putInt(4)
                .putInt(0)
                .putLong(NOTE_AT)
                .putLong(0)
                .putLong(0)
                .putLong(20)
                .putLong(20)
                .putLong(4);
        out.position(NOTE_AT);
        out.putInt(4)
                .putInt(4)
                .putInt(18)
                .put("Xen\0".getBytes(StandardCharsets.US_ASCII))
                .putInt((int) ADDRESS);
        String banner = "Linux version " + VERSION + " (builder@debian) (gcc) #1 SMP\n";
        return out.put(CODE_AT + codeBytes - 200, banner.getBytes(StandardCharsets.US_ASCII))
                .array();
    }
}
