package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.AcpiPlatform.VirtioSlot;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AcpiTablesTest {
    private static final AcpiPlatform TWO_DISKS = new AcpiPlatform(1, 2, slots(2), 21, false);

    private final GuestMemory memory = GuestMemory.create(2 << 20);

    @AfterEach
    void unmap() {
        memory.close();
    }

    private static List<VirtioSlot> slots(int count) {
        return LongStream.range(0, count)
                .mapToObj(i -> new VirtioSlot(0xd000_0000L + i * 0x1000, 0x1000, 5 + (int) i % 16))
                .toList();
    }

    /** The tables that a guest finds when it starts at the RSDP, which are checked on the way. */
    private List<byte[]> find(long rsdp) {
        assertEquals(0xe0000, rsdp);
        byte[] root = bytes(rsdp, 36);
        assertEquals("RSD PTR ", ascii(root, 0, 8));
        assertEquals(0, sum(Arrays.copyOf(root, 20)));
        assertEquals(0, sum(root));
        assertEquals(2, root[15]);
        assertEquals(36, memory.getU32(rsdp + 20));
        byte[] xsdt = table("XSDT", memory.getU64(rsdp + 24));
        ByteBuffer in = littleEndian(xsdt);
        byte[] fadt = table("FACP", in.getLong(36));
        byte[] madt = table("APIC", in.getLong(44));
        assertEquals(52, xsdt.length);
        byte[] dsdt = table("DSDT", littleEndian(fadt).getLong(140));
        return List.of(fadt, madt, dsdt);
    }

    private byte[] table(String signature, long at) {
        assertTrue(at >= 0xe0000 && at < 0xffff0, "0x" + Long.toHexString(at));
        byte[] table = bytes(at, (int) memory.getU32(at + 4));
        assertTrue(at + table.length <= 0xffff0);
        assertEquals(signature, ascii(table, 0, 4));
        assertEquals(0, sum(table), signature);
        assertEquals("STRDSTSTARDUST", ascii(table, 10, 14));
        return table;
    }

    private byte[] bytes(long at, int length) {
        byte[] bytes = new byte[length];
        memory.read(at, bytes);
        return bytes;
    }

    private static int sum(byte[] bytes) {
        int sum = 0;
        for (byte b : bytes) {
            sum += b;
        }
        return sum & 0xff;
    }

    private static String ascii(byte[] bytes, int from, int length) {
        return new String(bytes, from, length, StandardCharsets.US_ASCII);
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void dsdtIsWhatTheCompilerOfIntelMakesOfItsSource() throws IOException {
        byte[] dsdt = find(AcpiTables.write(memory, TWO_DISKS)).get(2);
        assertEquals(2, dsdt[8]);
        try (InputStream in = AcpiTablesTest.class.getResourceAsStream("/acpi/dsdt.aml")) {
            byte[] expected = in.readAllBytes();
            assertEquals(hex(expected, 36), hex(dsdt, 36));
        }
    }

    private static String hex(byte[] bytes, int from) {
        return HexFormat.ofDelimiter(" ").formatHex(bytes, from, bytes.length);
    }

    @Test
    void fadtHasNoFixedHardwareAndNamesThePowerController() {
        byte[] fadt = find(AcpiTables.write(memory, TWO_DISKS)).get(0);
        assertEquals(276, fadt.length);
        byte[] bytes = new byte[276];
        ByteBuffer expected = littleEndian(bytes);
        expected.put(fadt, 0, 36);
        expected.putInt(40, 0xe0030);
        expected.putShort(109, (short) 0x24); // no VGA, no CMOS clock
        expected.putInt(112, 0x100475); // WBINVD, C1, no fixed buttons and clock, reset register, hardware-reduced
        expected.put(116, HexFormat.of().parseHex("010800010206000000000000")).put(128, (byte) 1);
        expected.put(131, (byte) 5).putLong(140, 0xe0030);
        expected.put(244, HexFormat.of().parseHex("010800010006000000000000"));
        expected.put(256, HexFormat.of().parseHex("010800010106000000000000"));
        assertEquals(hex(bytes, 0), hex(fadt, 0));
        assertEquals(6, fadt[8]);
    }

    @Test
    void fadtOfALegacyMachineHasThePmRegistersInsteadOfTheSleepRegisters() {
        AcpiImage image = AcpiTables.image(new AcpiPlatform(1, 2, slots(2), 21, true), 0x10000);
        int fadtAt = image.pointing().get(0).offset();
        byte[] fadt = Arrays.copyOfRange(image.tables(), fadtAt, fadtAt + 276);
        byte[] bytes = new byte[276];
        ByteBuffer expected = littleEndian(bytes);
        expected.put(fadt, 0, 36);
        expected.putInt(36, 0x10000).putInt(40, 0x10040).putShort(46, (short) 22);
        expected.putInt(56, 0x608).putInt(64, 0x60c).put(88, (byte) 4).put(89, (byte) 2);
        expected.putShort(109, (short) 0x24);
        expected.putInt(112, 0x475); // as the other, but not hardware-reduced
        expected.put(116, HexFormat.of().parseHex("010800010206000000000000")).put(128, (byte) 1);
        expected.put(131, (byte) 5).putLong(140, 0x10040);
        expected.put(148, HexFormat.of().parseHex("012000000806000000000000"));
        expected.put(172, HexFormat.of().parseHex("011000000c06000000000000"));
        assertEquals(hex(bytes, 0), hex(fadt, 0));
        assertEquals(
                "46 41 43 53 40 00 00 00" + " 00".repeat(24) + " 02" + " 00".repeat(31),
                hex(Arrays.copyOf(image.tables(), 64), 0));
        String madt = hex(image.tables(), fadtAt + 276 + 12 + 36); // after padding and its header
        assertTrue(madt.startsWith("00 00 e0 fe 01 00 00 00"), madt); // with a pair of 8259
    }

    @Test
    void madtHasAnApicForEachVcpuThatMayCome() {
        byte[] madt = find(AcpiTables.write(memory, TWO_DISKS)).get(1);
        assertEquals(5, madt[8]);
        assertEquals(
                "00 00 e0 fe 00 00 00 00"
                        + " 00 08 00 00 01 00 00 00"
                        + " 00 08 01 01 02 00 00 00"
                        + " 01 0c 02 00 00 00 c0 fe 00 00 00 00"
                        + " 04 06 ff 00 00 01",
                hex(madt, 36));
    }

    @Test
    void largestMachineFits() {
        List<byte[]> tables = find(AcpiTables.write(memory, new AcpiPlatform(254, 254, slots(256), 21, false)));
        byte[] madt = tables.get(1);
        assertEquals(36 + 8 + 254 * 8 + 12 + 6, madt.length);
        assertEquals((byte) 254, madt[36 + 8 + 254 * 8 + 2]); // the IOAPIC's id is none of 0 to 253
    }

    @Test
    void tablesThatDoNotFitAreRefusedAndLeaveTheKernelAlone() {
        AcpiPlatform large = new AcpiPlatform(1, 1, slots(4096), 21, false);
        assertTrue(assertThrows(BootException.class, () -> AcpiTables.write(memory, large))
                .getMessage()
                .contains("fewer devices"));
        assertEquals(-1, memory.deviceDirty().nextSet(0));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 255})
    void numberOfVcpusIsChecked(int vcpus) {
        assertThrows(
                IllegalArgumentException.class,
                () -> new AcpiPlatform(vcpus, vcpus == 3 ? 2 : vcpus, new ArrayList<>(), 21, false));
    }
}
