package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A note of an ELF file (System V ABI, "Note Section").
 *
 * @param owner whose type it is, without its NUL
 * @param type the kind of note
 * @param description its content, little-endian
 */
record ElfNote(String owner, int type, ByteBuffer description) {
    private static final int HEADER_SIZE = 12;

    /**
     * Reads the notes of one segment.
     *
     * @param file what error texts call the file
     * @param in the segment
     * @param alignment that of the segment; 8 pads to 8 bytes, anything else to 4, as binutils do it
     * @throws BootException if a note reaches out of the segment
     */
    static List<ElfNote> parse(String file, ByteBuffer in, long alignment) {
        long pad = alignment == Long.BYTES ? Long.BYTES : Integer.BYTES;
        List<ElfNote> notes = new ArrayList<>();
        for (long at = 0; at + HEADER_SIZE <= in.capacity(); ) {
            int start = (int) at;
            long ownerBytes = in.getInt(start) & 0xffff_ffffL;
            long bytes = in.getInt(start + 4) & 0xffff_ffffL;
            long description = padded(at + HEADER_SIZE + ownerBytes, pad);
            if (description + bytes > in.capacity()) {
                throw new BootException(file + " has a note that reaches out of its segment");
            }
            notes.add(new ElfNote(
                    owner(in, start + HEADER_SIZE, (int) ownerBytes),
                    in.getInt(start + 8),
                    in.slice((int) description, (int) bytes).order(ByteOrder.LITTLE_ENDIAN)));
            at = padded(description + bytes, pad);
        }
        return notes;
    }

    private static long padded(long at, long pad) {
        return (at + pad - 1) & -pad;
    }

    private static String owner(ByteBuffer in, int at, int length) {
        byte[] bytes = new byte[length];
        in.get(at, bytes);
        boolean ends = length > 0 && bytes[length - 1] == 0;
        return new String(bytes, 0, ends ? length - 1 : length, StandardCharsets.ISO_8859_1);
    }
}
