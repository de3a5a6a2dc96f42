package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The script by which a BIOS puts ACPI tables into memory, since only it knows where there is room (QEMU,
 * {@code hw/acpi/bios-linker-loader.c}; SeaBIOS, {@code src/fw/romfile_loader.c}): commands of 128 bytes that name files of
 * the firmware configuration device.
 */
final class TableLoader {
    static final String SCRIPT = "etc/table-loader";
    static final String TABLES = "etc/acpi/tables";
    static final String RSDP = "etc/acpi/rsdp";

    private static final int COMMAND_BYTES = 128;
    private static final int NAME_BYTES = 56;
    private static final int ALLOCATE = 1;
    private static final int ADD_POINTER = 2;
    private static final int ADD_CHECKSUM = 3;
    private static final int ANYWHERE = 1;
    private static final int BELOW_1_MIB = 2;
    private static final int TABLE_ALIGNMENT = 64;
    private static final int RSDP_ALIGNMENT = 16;

    private final ByteBuffer script;

    private TableLoader(int commands) {
        script = ByteBuffer.allocate(commands * COMMAND_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The script for tables that were made for the place 0. */
    static byte[] script(AcpiImage image) {
        TableLoader loader =
                new TableLoader(4 + image.pointers().size() + image.pointing().size());
        loader.allocate(TABLES, TABLE_ALIGNMENT, ANYWHERE);
        loader.allocate(RSDP, RSDP_ALIGNMENT, BELOW_1_MIB);
        for (AcpiImage.Pointer pointer : image.pointers()) {
            loader.addPointer(TABLES, pointer.offset(), pointer.bytes());
        }
        for (AcpiImage.Range table : image.pointing()) {
            loader.addChecksum(TABLES, table.offset() + AcpiTables.CHECKSUM, table.offset(), table.bytes());
        }
        loader.addPointer(RSDP, AcpiTables.RSDP_XSDT, Long.BYTES);
        loader.addChecksum(RSDP, AcpiTables.RSDP_CHECKSUM, 0, AcpiTables.RSDP_SIZE);
        return loader.script.array();
    }

    private void allocate(String file, int alignment, int zone) {
        command(ALLOCATE, file).putInt(alignment).put((byte) zone);
    }

    /** Adds the tables' address to a pointer. */
    private void addPointer(String file, int offset, int bytes) {
        ByteBuffer command = command(ADD_POINTER, file);
        name(command, TABLES).putInt(offset).put((byte) bytes);
    }

    /** Subtracts the sum of a range from a byte in it. */
    private void addChecksum(String file, int at, int start, int bytes) {
        command(ADD_CHECKSUM, file).putInt(at).putInt(start).putInt(bytes);
    }

    private ByteBuffer command(int number, String file) {
        ByteBuffer command = script.slice(script.position(), COMMAND_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        script.position(script.position() + COMMAND_BYTES);
        return name(command.putInt(number), file);
    }

    private static ByteBuffer name(ByteBuffer command, String file) {
        int end = command.position() + NAME_BYTES;
        return command.put(file.getBytes(StandardCharsets.US_ASCII)).position(end);
    }
}
