package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.device.PowerController;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The ACPI tables of a machine without fixed ACPI hardware (ACPI specification 6.5, chapter 5.2): RSDP, XSDT, FADT, MADT
 * and DSDT, from 0xe0000 on, where guests look for the RSDP and the memory map has no RAM.
 */
public final class AcpiTables {
    private static final int START = 0xe0000;
    private static final int END = ResetVector.ADDRESS;
    private static final int ALIGNMENT = 16;

    static final int RSDP_SIZE = 36;
    static final int RSDP_XSDT = 24;
    static final int RSDP_CHECKSUM = 32;

    private static final int RSDP_V1_SIZE = 20;
    private static final int RSDP_REVISION = 2;

    private static final int HEADER_SIZE = 36;
    static final int CHECKSUM = 9;

    private static final int FADT_SIZE = 276;
    private static final int FADT_REVISION = 6;
    private static final int FADT_MINOR = 5;
    private static final int FADT_DSDT = 40;
    private static final int FADT_BOOT_ARCH = 109;
    private static final int FADT_FLAGS = 112;
    private static final int FADT_RESET_REG = 116;
    private static final int FADT_RESET_VALUE = 128;
    private static final int FADT_MINOR_VERSION = 131;
    private static final int FADT_X_DSDT = 140;
    private static final int FADT_SLEEP_CONTROL = 244;
    private static final int FADT_SLEEP_STATUS = 256;
    private static final int BOOT_NO_VGA = 1 << 2;
    private static final int BOOT_NO_CMOS_CLOCK = 1 << 5;
    private static final int WBINVD = 1;
    private static final int PROC_C1 = 1 << 2;
    private static final int NO_FIXED_POWER_BUTTON = 1 << 4;
    private static final int NO_FIXED_SLEEP_BUTTON = 1 << 5;
    private static final int NO_FIXED_CLOCK = 1 << 6;
    private static final int RESET_REG_SUPPORTED = 1 << 10;
    private static final int HARDWARE_REDUCED = 1 << 20;
    private static final int SYSTEM_IO = 1;
    private static final int BYTE_ACCESS = 1;

    private static final int MADT_REVISION = 5;
    private static final int LOCAL_APIC_ADDRESS = 0xfee0_0000;
    private static final int IO_APIC_ADDRESS = 0xfec0_0000;
    private static final int LOCAL_APIC = 0;
    private static final int LOCAL_APIC_SIZE = 8;
    private static final int IO_APIC = 1;
    private static final int IO_APIC_SIZE = 12;
    private static final int LOCAL_APIC_NMI = 4;
    private static final int LOCAL_APIC_NMI_SIZE = 6;
    private static final int ENABLED = 1;
    private static final int ONLINE_CAPABLE = 2;
    private static final int ALL_PROCESSORS = 0xff;
    private static final int LINT1 = 1;

    private static final int DSDT_REVISION = 2;

    private AcpiTables() {}

    /**
     * Writes the tables.
     *
     * @return guest-physical address of the RSDP
     * @throws BootException if the tables do not fit
     */
    public static long write(GuestMemory memory, AcpiPlatform platform) {
        int tablesAt = START + padded(RSDP_SIZE);
        AcpiImage image = image(platform, tablesAt);
        if (tablesAt + image.tables().length > END) {
            throw new BootException("the ACPI tables take more than the " + (END - START)
                    + " bytes there are for them; give the machine fewer devices or vCPUs");
        }
        memory.write(tablesAt, image.tables());
        memory.write(START, image.rsdp());
        return START;
    }

    /**
     * The tables for a place in memory.
     *
     * @param base guest-physical address of the first, or 0 if who places them adds it to all pointers
     */
    static AcpiImage image(AcpiPlatform platform, int base) {
        byte[] dsdt = table("DSDT", DSDT_REVISION, Dsdt.of(platform));
        int fadtAt = padded(dsdt.length);
        byte[] fadt = fadt(base);
        int madtAt = fadtAt + padded(fadt.length);
        byte[] madt = madt(platform);
        int xsdtAt = madtAt + padded(madt.length);
        byte[] xsdt = xsdt(base + fadtAt, base + madtAt);
        ByteBuffer tables = ByteBuffer.allocate(xsdtAt + padded(xsdt.length));
        tables.put(0, dsdt).put(fadtAt, fadt).put(madtAt, madt).put(xsdtAt, xsdt);
        return new AcpiImage(
                tables.array(),
                rsdp(base + xsdtAt),
                List.of(
                        new AcpiImage.Pointer(fadtAt + FADT_DSDT, Integer.BYTES),
                        new AcpiImage.Pointer(fadtAt + FADT_X_DSDT, Long.BYTES),
                        new AcpiImage.Pointer(xsdtAt + HEADER_SIZE, Long.BYTES),
                        new AcpiImage.Pointer(xsdtAt + HEADER_SIZE + Long.BYTES, Long.BYTES)),
                List.of(new AcpiImage.Range(fadtAt, fadt.length), new AcpiImage.Range(xsdtAt, xsdt.length)));
    }

    private static int padded(int size) {
        return (size + ALIGNMENT - 1) & -ALIGNMENT;
    }

    private static byte[] rsdp(int xsdt) {
        ByteBuffer out = ByteBuffer.allocate(RSDP_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        out.put(ascii("RSD PTR ")).put((byte) 0).put(ascii("STRDST")).put((byte) RSDP_REVISION);
        out.putInt(0).putInt(RSDP_SIZE).putLong(xsdt);
        out.put(8, checksum(out.array(), RSDP_V1_SIZE));
        out.put(RSDP_CHECKSUM, checksum(out.array(), RSDP_SIZE));
        return out.array();
    }

    private static byte[] xsdt(int fadt, int madt) {
        ByteBuffer out = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return table("XSDT", 1, out.putLong(fadt).putLong(madt).array());
    }

    private static byte[] fadt(int dsdt) {
        ByteBuffer out = ByteBuffer.allocate(FADT_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(FADT_DSDT, dsdt); // for who knows the first revision only, SeaBIOS among them
        out.putShort(FADT_BOOT_ARCH, (short) (BOOT_NO_VGA | BOOT_NO_CMOS_CLOCK));
        out.putInt(
                FADT_FLAGS,
                WBINVD
                        | PROC_C1
                        | NO_FIXED_POWER_BUTTON
                        | NO_FIXED_SLEEP_BUTTON
                        | NO_FIXED_CLOCK
                        | RESET_REG_SUPPORTED
                        | HARDWARE_REDUCED);
        putPort(out, FADT_RESET_REG, PowerController.RESET);
        out.put(FADT_RESET_VALUE, (byte) PowerController.RESET_VALUE);
        out.put(FADT_MINOR_VERSION, (byte) FADT_MINOR);
        out.putLong(FADT_X_DSDT, dsdt);
        putPort(out, FADT_SLEEP_CONTROL, PowerController.SLEEP_CONTROL);
        putPort(out, FADT_SLEEP_STATUS, PowerController.SLEEP_STATUS);
        byte[] content = new byte[FADT_SIZE - HEADER_SIZE];
        out.get(HEADER_SIZE, content);
        return table("FACP", FADT_REVISION, content);
    }

    /** A generic address: one of the power controller's ports, a byte wide. */
    private static void putPort(ByteBuffer out, int at, int register) {
        out.put(at, (byte) SYSTEM_IO).put(at + 1, (byte) Byte.SIZE).put(at + 3, (byte) BYTE_ACCESS);
        out.putLong(at + 4, PowerController.BASE + register);
    }

    private static byte[] madt(AcpiPlatform platform) {
        int apics = platform.maxVcpus();
        int size = 2 * Integer.BYTES + apics * LOCAL_APIC_SIZE + IO_APIC_SIZE + LOCAL_APIC_NMI_SIZE;
        ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(LOCAL_APIC_ADDRESS).putInt(0); // no PCs' pair of 8259
        for (int id = 0; id < apics; id++) {
            out.put((byte) LOCAL_APIC)
                    .put((byte) LOCAL_APIC_SIZE)
                    .put((byte) id)
                    .put((byte) id);
            out.putInt(id < platform.vcpus() ? ENABLED : ONLINE_CAPABLE);
        }
        out.put((byte) IO_APIC).put((byte) IO_APIC_SIZE).put((byte) apics).put((byte) 0); // an id of its own
        out.putInt(IO_APIC_ADDRESS).putInt(0);
        out.put((byte) LOCAL_APIC_NMI).put((byte) LOCAL_APIC_NMI_SIZE).put((byte) ALL_PROCESSORS);
        out.putShort((short) 0).put((byte) LINT1);
        return table("APIC", MADT_REVISION, out.array());
    }

    /** A table of that content, after its header. */
    private static byte[] table(String signature, int revision, byte[] content) {
        ByteBuffer out = ByteBuffer.allocate(HEADER_SIZE + content.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(ascii(signature)).putInt(out.capacity()).put((byte) revision).put((byte) 0);
        out.put(ascii("STRDST"))
                .put(ascii("STARDUST"))
                .putInt(1)
                .put(ascii("STRD"))
                .putInt(1);
        out.put(content);
        out.put(CHECKSUM, checksum(out.array(), out.capacity()));
        return out.array();
    }

    /** What makes the sum of all bytes zero; the place it goes to must be zero. */
    private static byte checksum(byte[] bytes, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += bytes[i];
        }
        return (byte) -sum;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
