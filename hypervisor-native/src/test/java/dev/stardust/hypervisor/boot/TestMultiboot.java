package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Function;

/** Makes kernels with Multiboot headers for tests, of 4096 bytes whose header is at 64. */
final class TestMultiboot {
    static final int HEADER = 64;
    static final int FILE_BYTES = 4096;
    static final long LOAD = 0x200000;

    private TestMultiboot() {}

    /** A flat file that is loaded whole at {@link #LOAD}, with 4096 bytes of bss, and entered at 16. */
    static byte[] version1(int flags) {
        return version1(flags, LOAD + HEADER, LOAD, 0, LOAD + 2 * FILE_BYTES, LOAD + 16);
    }

    /** A file whose header has these addresses: header, load, load end, bss end, entry. */
    static byte[] version1(int flags, long... addresses) {
        ByteBuffer out = ByteBuffer.allocate(FILE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.position(HEADER).putInt(0x1badb002).putInt(flags).putInt(-(0x1badb002 + flags));
        for (long address : addresses) {
            out.putInt((int) address);
        }
        return out.array();
    }

    /** A tag of a version 2 header. */
    static byte[] tag(int type, int flags, int... words) {
        ByteBuffer out = ByteBuffer.allocate(8 + (words.length + 1) / 2 * 8).order(ByteOrder.LITTLE_ENDIAN);
        out.putShort((short) type).putShort((short) flags).putInt(8 + words.length * Integer.BYTES);
        for (int word : words) {
            out.putInt(word);
        }
        return out.array();
    }

    /** As {@link #version1(int)} for version 2, with more tags. */
    static byte[] version2(byte[]... tags) {
        byte[] addresses = tag(2, 0, (int) LOAD + HEADER, (int) LOAD, 0, (int) LOAD + 2 * FILE_BYTES);
        byte[] entry = tag(3, 0, (int) LOAD + 16);
        ByteBuffer out = ByteBuffer.allocate(FILE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.position(HEADER + 16).put(addresses).put(entry);
        for (byte[] tag : tags) {
            out.put(tag);
        }
        out.put(tag(0, 0));
        int length = out.position() - HEADER;
        out.putInt(HEADER, 0xe85250d6).putInt(HEADER + 8, length).putInt(HEADER + 12, -(0xe85250d6 + length));
        return out.array();
    }

    /** Gives a kernel with these bytes to a function. */
    static <T> T with(byte[] bytes, Function<BootFile, T> use) {
        try (BootFile file = TestFiles.open(bytes)) {
            return use.apply(file);
        }
    }

    /** RAM of 16 MiB whose first has a hole. */
    static FreeRam ram() {
        FreeRam ram = new FreeRam();
        ram.add(0, 0x9fc00);
        ram.add(0x100000, 16 << 20);
        return ram;
    }
}
