package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Makes ELF files for tests. */
public final class TestElf {
    /** Where the code starts in the file. */
    public static final int CODE_OFFSET = 0x1000;

    /** Where the notes start in the file, if it has any. */
    static final int NOTE_OFFSET = 0x800;

    private static final int NOTE_HEADER = 120;

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

    /** The same with a segment of notes. */
    static byte[] withNotes(byte[] elf, byte[] notes) {
        ByteBuffer out = ByteBuffer.wrap(elf.clone()).order(ByteOrder.LITTLE_ENDIAN);
        out.putShort(56, (short) 2);
        out.putInt(NOTE_HEADER, 4).putLong(NOTE_HEADER + 8, NOTE_OFFSET).putLong(NOTE_HEADER + 32, notes.length);
        out.putLong(NOTE_HEADER + 48, 4).put(NOTE_OFFSET, notes);
        return out.array();
    }

    /** A note, padded to 4 bytes. */
    static byte[] note(String owner, int type, byte[] description) {
        byte[] name = (owner + "\0").getBytes(StandardCharsets.US_ASCII);
        ByteBuffer out = ByteBuffer.allocate(12 + padded(name.length) + padded(description.length))
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(name.length).putInt(description.length).putInt(type).put(name);
        out.put(12 + padded(name.length), description);
        return out.array();
    }

    private static int padded(int length) {
        return (length + 3) & -4;
    }
}
