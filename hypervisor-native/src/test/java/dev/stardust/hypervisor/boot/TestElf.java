package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Makes ELF files for tests. */
public final class TestElf {
    /** Where the code starts in the file. */
    public static final int CODE_OFFSET = 0x1000;

    private TestElf() {}

    /** A file of one executable segment at {@code address}, entered at its start. */
    public static byte[] of(long address, byte[] code, long memoryBytes) {
        ByteBuffer out = ByteBuffer.allocate(CODE_OFFSET + code.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0x464c457f).put((byte) 2).put((byte) 1).put((byte) 1).position(16);
        out.putShort((short) 2).putShort((short) 62).putInt(1);
        out.putLong(address).putLong(64).putLong(0).putInt(0);
        out.putShort((short) 64).putShort((short) 56).putShort((short) 1);
        out.position(64);
        out.putInt(1).putInt(5).putLong(CODE_OFFSET).putLong(address).putLong(address);
        out.putLong(code.length).putLong(memoryBytes).putLong(0x1000);
        out.put(CODE_OFFSET, code);
        return out.array();
    }
}
