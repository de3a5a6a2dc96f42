package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.device.PmRegisters;
import dev.stardust.hypervisor.device.PowerController;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;

/**
 * The content of the FADT (ACPI specification 6.5, 5.2.9): which fixed ACPI hardware there is. A machine that a BIOS starts has
 * some, others are hardware-reduced. Offsets count from the table's start.
 */
final class Fadt {
    static final int REVISION = 6;

    private static final int SIZE = 276;
    private static final int MINOR = 5;

    private static final int FACS = 36;
    private static final int DSDT = 40;
    private static final int SCI_INTERRUPT = 46;
    private static final int PM1A_EVENT = 56;
    private static final int PM1A_CONTROL = 64;
    private static final int PM1_EVENT_BYTES = 88;
    private static final int PM1_CONTROL_BYTES = 89;
    private static final int BOOT_ARCH = 109;
    private static final int FLAGS = 112;
    private static final int RESET_REGISTER = 116;
    private static final int RESET_VALUE = 128;
    private static final int MINOR_VERSION = 131;
    private static final int X_DSDT = 140;
    private static final int X_PM1A_EVENT = 148;
    private static final int X_PM1A_CONTROL = 172;
    private static final int SLEEP_CONTROL = 244;
    private static final int SLEEP_STATUS = 256;

    private static final int BOOT_NO_VGA = 1 << 2;
    private static final int BOOT_NO_CMOS_CLOCK = 1 << 5;

    private static final int WBINVD = 1;
    private static final int PROC_C1 = 1 << 2;
    private static final int NO_FIXED_POWER_BUTTON = 1 << 4;
    private static final int NO_FIXED_SLEEP_BUTTON = 1 << 5;
    private static final int NO_FIXED_CLOCK = 1 << 6;
    private static final int RESET_REGISTER_SUPPORTED = 1 << 10;
    private static final int HARDWARE_REDUCED = 1 << 20;
    private static final int FLAGS_OF_ALL = WBINVD
            | PROC_C1
            | NO_FIXED_POWER_BUTTON
            | NO_FIXED_SLEEP_BUTTON
            | NO_FIXED_CLOCK
            | RESET_REGISTER_SUPPORTED;

    private static final int SYSTEM_IO = 1;
    private static final int BYTE_ACCESS = 1;
    private static final int ANY_ACCESS = 0;

    private final ByteBuffer out = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);

    private Fadt() {}

    /**
     * The table without its header.
     *
     * @param facs guest-physical address of the FACS, if there is one
     * @param dsdt that of the DSDT
     */
    static byte[] content(AcpiPlatform platform, int facs, int dsdt) {
        Fadt fadt = new Fadt();
        fadt.ofAll(dsdt);
        if (platform.legacy()) {
            fadt.fixedHardware(facs);
        } else {
            fadt.hardwareReduced();
        }
        byte[] content = new byte[SIZE - AcpiTables.HEADER_SIZE];
        fadt.out.get(AcpiTables.HEADER_SIZE, content);
        return content;
    }

    /** Where the table, which lies at {@code at}, points to others. */
    static List<AcpiImage.Pointer> pointers(AcpiPlatform platform, int at) {
        Stream<AcpiImage.Pointer> facs =
                platform.legacy() ? Stream.of(new AcpiImage.Pointer(at + FACS, Integer.BYTES)) : Stream.empty();
        return Stream.concat(
                        facs,
                        Stream.of(
                                new AcpiImage.Pointer(at + DSDT, Integer.BYTES),
                                new AcpiImage.Pointer(at + X_DSDT, Long.BYTES)))
                .toList();
    }

    private void ofAll(int dsdt) {
        out.putInt(DSDT, dsdt); // for who knows the first revision only, SeaBIOS among them
        out.putShort(BOOT_ARCH, (short) (BOOT_NO_VGA | BOOT_NO_CMOS_CLOCK));
        out.putInt(FLAGS, FLAGS_OF_ALL);
        putPort(RESET_REGISTER, PowerController.BASE + PowerController.RESET, Byte.BYTES);
        out.put(RESET_VALUE, (byte) PowerController.RESET_VALUE);
        out.put(MINOR_VERSION, (byte) MINOR);
        out.putLong(X_DSDT, dsdt);
    }

    private void hardwareReduced() {
        out.putInt(FLAGS, FLAGS_OF_ALL | HARDWARE_REDUCED);
        putPort(SLEEP_CONTROL, PowerController.BASE + PowerController.SLEEP_CONTROL, Byte.BYTES);
        putPort(SLEEP_STATUS, PowerController.BASE + PowerController.SLEEP_STATUS, Byte.BYTES);
    }

    private void fixedHardware(int facs) {
        int event = PmRegisters.BASE + PmRegisters.EVENT;
        int control = PmRegisters.BASE + PmRegisters.CONTROL;
        out.putInt(FACS, facs);
        out.putShort(SCI_INTERRUPT, (short) PmRegisters.GSI);
        out.putInt(PM1A_EVENT, event).putInt(PM1A_CONTROL, control);
        out.put(PM1_EVENT_BYTES, (byte) PmRegisters.EVENT_BYTES);
        out.put(PM1_CONTROL_BYTES, (byte) PmRegisters.CONTROL_BYTES);
        putPort(X_PM1A_EVENT, event, PmRegisters.EVENT_BYTES);
        putPort(X_PM1A_CONTROL, control, PmRegisters.CONTROL_BYTES);
    }

    /** A generic address of one byte or more; how wide to access is told for one byte, as QEMU does. */
    private void putPort(int at, int port, int bytes) {
        out.put(at, (byte) SYSTEM_IO).put(at + 1, (byte) (bytes * Byte.SIZE));
        out.put(at + 3, (byte) (bytes == Byte.BYTES ? BYTE_ACCESS : ANY_ACCESS));
        out.putLong(at + 4, port);
    }
}
