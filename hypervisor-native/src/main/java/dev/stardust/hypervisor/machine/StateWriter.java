package dev.stardust.hypervisor.machine;

import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Writes a {@link MachineState}. All numbers are little-endian:
 *
 * <pre>
 *   0                   4                   8
 *   +-------------------+-------------------+
 *   |          magic "SDMACHST"             |  0
 *   +-------------------+-------------------+
 *   |  version = 1      |  sections         |  8
 *   +-------------------+-------------------+
 *   |  section id       |  instance         |  16   once for each section
 *   +-------------------+-------------------+
 *   |  length in bytes  |  bytes ... padded with zeros to a multiple of 4
 *   +-------------------+-------------------+
 *   |  CRC32C of all before                 |  at the end, 4 bytes
 *   +-------------------+
 * </pre>
 */
final class StateWriter {
    static final long MAGIC = 0x54534843414d4453L; // "SDMACHST"
    static final int VERSION = 1;
    static final int HEADER_SIZE = 16;
    static final int SECTION_HEADER_SIZE = 12;
    static final int CRC_SIZE = 4;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private final ExpandableArrayBuffer out = new ExpandableArrayBuffer(32 << 10);
    private int sections;
    private int position = HEADER_SIZE;

    StateWriter add(StateSection section, int instance, DirectBuffer bytes) {
        int length = bytes.capacity();
        if (!section.takes(length)) {
            throw new IllegalArgumentException(section + " of " + length + " bytes");
        }
        out.putInt(position, section.id(), LE);
        out.putInt(position + 4, instance, LE);
        out.putInt(position + 8, length, LE);
        out.putBytes(position + SECTION_HEADER_SIZE, bytes, 0, length);
        position += SECTION_HEADER_SIZE + padded(length);
        sections++;
        return this;
    }

    StateWriter add(StateSection section, int instance, byte[] bytes) {
        return add(section, instance, new UnsafeBuffer(bytes));
    }

    MachineState finish() {
        out.putLong(0, MAGIC, LE);
        out.putInt(8, VERSION, LE);
        out.putInt(12, sections, LE);
        CRC32C crc = new CRC32C();
        crc.update(out.byteArray(), 0, position);
        out.putInt(position, (int) crc.getValue(), LE);
        byte[] state = new byte[position + CRC_SIZE];
        out.getBytes(0, state);
        return new MachineState(state);
    }

    static int padded(int length) {
        return (length + 3) & ~3;
    }
}
