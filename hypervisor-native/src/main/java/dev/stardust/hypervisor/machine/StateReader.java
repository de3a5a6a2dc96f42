package dev.stardust.hypervisor.machine;

import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Reads what {@link StateWriter} wrote, checked whole before any of it is used. */
final class StateReader {
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private record Key(StateSection section, int instance) {}

    private final Map<Key, DirectBuffer> sections = new HashMap<>();

    /**
     * Checks a state and finds its sections.
     *
     * @throws MachineException if it is damaged or of an unknown version
     */
    StateReader(MachineState state) {
        byte[] bytes = state.bytes();
        UnsafeBuffer in = new UnsafeBuffer(bytes);
        check(
                bytes.length >= StateWriter.HEADER_SIZE + StateWriter.CRC_SIZE
                        && in.getLong(0, LE) == StateWriter.MAGIC,
                "is not a machine state");
        int version = in.getInt(8, LE);
        check(
                version == StateWriter.VERSION,
                "has version " + version + "; this program reads version " + StateWriter.VERSION);
        int end = bytes.length - StateWriter.CRC_SIZE;
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, end);
        check((int) crc.getValue() == in.getInt(end, LE), "is damaged: its checksum is wrong");
        int position = StateWriter.HEADER_SIZE;
        int count = in.getInt(12, LE);
        for (int i = 0; i < count; i++) {
            check(end - position >= StateWriter.SECTION_HEADER_SIZE, "ends inside a section");
            StateSection section = StateSection.of(in.getInt(position, LE));
            check(section != null, "has an unknown section " + in.getInt(position, LE));
            int length = in.getInt(position + 8, LE);
            int start = position + StateWriter.SECTION_HEADER_SIZE;
            check(length >= 0 && length <= end - start, "ends inside a section");
            check(section.takes(length), "has a section " + section + " of " + length + " bytes");
            Key key = new Key(section, in.getInt(position + 4, LE));
            check(sections.put(key, new UnsafeBuffer(bytes, start, length)) == null, "has " + key + " twice");
            position = start + StateWriter.padded(length);
            check(position <= end, "ends inside a section");
        }
        check(position == end, "has bytes after its last section");
    }

    /** The bytes of a section; a missing one is an error. */
    DirectBuffer section(StateSection section, int instance) {
        DirectBuffer bytes = sections.get(new Key(section, instance));
        check(bytes != null, "lacks its section " + section + " " + instance);
        return bytes;
    }

    private static void check(boolean ok, String what) {
        if (!ok) {
            throw new MachineException("the saved machine state " + what);
        }
    }
}
