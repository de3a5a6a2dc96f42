package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** An ISO image made by hand, sector by sector, for what no tool makes. */
final class TestIso {
    static final int SECTOR = IsoImage.SECTOR_BYTES;
    static final int CATALOG = 20;
    static final int ROOT = 19;

    private final ByteBuffer bytes;
    private int rootEnd;

    /** An image with an empty root directory and a boot record whose catalog is zeros. */
    TestIso(int sectors) {
        bytes = ByteBuffer.allocate(sectors * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        descriptor(16, 1).put(16 * SECTOR + 40, Arrays.copyOf(ascii("TEST" + " ".repeat(28)), 32));
        bytes.putShort(16 * SECTOR + 128, (short) SECTOR);
        record(16 * SECTOR + 156, new byte[1], ROOT, SECTOR, 2);
        descriptor(17, 0).put(17 * SECTOR + 7, ascii("EL TORITO SPECIFICATION"));
        bytes.putInt(17 * SECTOR + 0x47, CATALOG);
        descriptor(18, 255);
        rootEnd = ROOT * SECTOR;
        add(new byte[] {0}, ROOT, SECTOR, 2);
        add(new byte[] {1}, ROOT, SECTOR, 2);
    }

    private ByteBuffer descriptor(int sector, int type) {
        bytes.put(sector * SECTOR, (byte) type).put(sector * SECTOR + 1, ascii("CD001"));
        return bytes.put(sector * SECTOR + 6, (byte) 1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private int record(int at, byte[] name, int sector, int size, int flags) {
        int length = 33 + name.length + (name.length % 2 == 0 ? 1 : 0);
        bytes.put(at, (byte) length);
        bytes.putInt(at + 2, sector).putInt(at + 10, size).put(at + 25, (byte) flags);
        bytes.put(at + 32, (byte) name.length).put(at + 33, name);
        return length;
    }

    /** Adds a record to the root. */
    TestIso add(String name, int sector, int size, int flags) {
        return add(ascii(name), sector, size, flags);
    }

    private TestIso add(byte[] name, int sector, int size, int flags) {
        rootEnd += record(rootEnd, name, sector, size, flags);
        return this;
    }

    /** All bytes, to be changed. */
    ByteBuffer bytes() {
        return bytes;
    }

    IsoImage image() {
        return image(bytes.array());
    }

    static IsoImage image(byte[] bytes) {
        return new IsoImage(
                "test.iso", (offset, into) -> into.put(bytes, (int) offset, into.remaining()), bytes.length);
    }
}
