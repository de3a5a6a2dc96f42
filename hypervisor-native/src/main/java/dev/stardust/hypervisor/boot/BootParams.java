package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Linux's {@code struct boot_params}, the "zero page", at 0x7000 (Documentation/arch/x86/zero-page.rst; the setup header
 * in boot.rst). What is not named here is zero.
 */
final class BootParams {
    static final long ADDRESS = 0x7000;
    static final int SIZE = 0x1000;

    private static final int ACPI_RSDP_ADDR = 0x70;
    private static final int E820_ENTRIES = 0x1e8;
    private static final int SETUP_HEADER = 0x1f1;
    private static final int BOOT_FLAG = 0x1fe;
    private static final int MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int TYPE_OF_LOADER = 0x210;
    private static final int LOADFLAGS = 0x211;
    private static final int RAMDISK_IMAGE = 0x218;
    private static final int RAMDISK_SIZE = 0x21c;
    private static final int CMD_LINE_PTR = 0x228;
    private static final int KERNEL_ALIGNMENT = 0x230;
    private static final int CMDLINE_SIZE = 0x238;
    private static final int HEADER_END = 0x26c;
    private static final int E820_TABLE = 0x2d0;
    private static final int E820_ENTRY_SIZE = 20;

    private static final int UNDEFINED_LOADER = 0xff;
    private static final int VERSION_2_15 = 0x20f;
    private static final int LOADED_HIGH = 1;
    private static final int ALIGNMENT_16_MIB = 0x100_0000;

    private BootParams() {}

    /** A setup header for a kernel whose file has none. */
    static ByteBuffer plainHeader() {
        ByteBuffer page = ByteBuffer.allocate(HEADER_END).order(ByteOrder.LITTLE_ENDIAN);
        page.putShort(BOOT_FLAG, (short) 0xaa55);
        page.putInt(MAGIC, 0x53726448);
        page.putShort(VERSION, (short) VERSION_2_15);
        page.put(LOADFLAGS, (byte) LOADED_HIGH);
        page.putInt(KERNEL_ALIGNMENT, ALIGNMENT_16_MIB);
        page.putInt(CMDLINE_SIZE, CommandLine.MAX_BYTES);
        return page.slice(SETUP_HEADER, HEADER_END - SETUP_HEADER);
    }

    /**
     * Writes the page. The command line is where {@link CommandLine} puts it.
     *
     * @param header the setup header, from 0x1f1 on
     */
    static void write(GuestMemory memory, ByteBuffer header, Initrd initrd, long rsdpAddress) {
        ByteBuffer page = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
        page.put(SETUP_HEADER, header, 0, header.capacity());
        page.put(TYPE_OF_LOADER, (byte) UNDEFINED_LOADER);
        page.putInt(RAMDISK_IMAGE, (int) initrd.address());
        page.putInt(RAMDISK_SIZE, (int) initrd.sizeBytes());
        page.putInt(CMD_LINE_PTR, (int) CommandLine.ADDRESS);
        page.putLong(ACPI_RSDP_ADDR, rsdpAddress);
        int at = E820_TABLE;
        for (MemoryMap.Range range : MemoryMap.of(memory).ranges()) {
            page.putLong(at, range.start()).putLong(at + 8, range.sizeBytes()).putInt(at + 16, range.type());
            page.put(E820_ENTRIES, (byte) (page.get(E820_ENTRIES) + 1));
            at += E820_ENTRY_SIZE;
        }
        memory.write(ADDRESS, page.array());
    }
}
