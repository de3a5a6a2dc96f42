package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The ACPI tables of a machine (ACPI specification 6.5, chapter 5.2): RSDP, XSDT, FADT, MADT and DSDT, and where it has
 * fixed ACPI hardware a FACS. Without a BIOS they lie from 0xe0000 on, where guests look for the RSDP and the memory map has
 * no RAM.
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

    static final int HEADER_SIZE = 36;
    static final int CHECKSUM = 9;

    private static final int MADT_REVISION = 5;
    private static final int PCAT_COMPATIBLE = 1;
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

    private static final int FACS_SIZE = 64;
    private static final int FACS_VERSION_AT = 32;
    private static final int FACS_VERSION = 2;

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
        byte[] facs = platform.legacy() ? facs() : new byte[0];
        int dsdtAt = facs.length; // first, since it alone has to be aligned to 64 bytes
        byte[] dsdt = table("DSDT", DSDT_REVISION, Dsdt.of(platform));
        int fadtAt = dsdtAt + padded(dsdt.length);
        byte[] fadt = table("FACP", Fadt.REVISION, Fadt.content(platform, base, base + dsdtAt));
        int madtAt = fadtAt + padded(fadt.length);
        byte[] madt = madt(platform);
        int xsdtAt = madtAt + padded(madt.length);
        byte[] xsdt = xsdt(base + fadtAt, base + madtAt);
        ByteBuffer tables = ByteBuffer.allocate(xsdtAt + padded(xsdt.length));
        tables.put(0, facs)
                .put(dsdtAt, dsdt)
                .put(fadtAt, fadt)
                .put(madtAt, madt)
                .put(xsdtAt, xsdt);
        List<AcpiImage.Pointer> pointers = new ArrayList<>(Fadt.pointers(platform, fadtAt));
        pointers.add(new AcpiImage.Pointer(xsdtAt + HEADER_SIZE, Long.BYTES));
        pointers.add(new AcpiImage.Pointer(xsdtAt + HEADER_SIZE + Long.BYTES, Long.BYTES));
        return new AcpiImage(
                tables.array(),
                rsdp(base + xsdtAt),
                pointers,
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

    /** What firmware and guest share: nothing that either of ours uses, but where fixed hardware is it must be there. */
    private static byte[] facs() {
        ByteBuffer out = ByteBuffer.allocate(FACS_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        return out.put(ascii("FACS"))
                .putInt(FACS_SIZE)
                .put(FACS_VERSION_AT, (byte) FACS_VERSION)
                .array();
    }

    private static byte[] madt(AcpiPlatform platform) {
        int apics = platform.maxVcpus();
        int size = 2 * Integer.BYTES + apics * LOCAL_APIC_SIZE + IO_APIC_SIZE + LOCAL_APIC_NMI_SIZE;
        ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(LOCAL_APIC_ADDRESS).putInt(platform.legacy() ? PCAT_COMPATIBLE : 0);
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
