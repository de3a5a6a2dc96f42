package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.boot.AcpiPlatform.VirtioSlot;
import dev.stardust.hypervisor.device.SerialPort;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A PC's BIOS, which finds by itself what to boot: the vCPU starts at the reset vector in the ROM. A copy of the ROM is in
 * RAM, up to 1 MiB, where the BIOS writes to itself: a PC copies it when its chip set is told to, and SeaBIOS goes on where
 * it finds none to tell ({@code src/fw/shadow.c}). What the machine has it reads from the firmware configuration device, as
 * SeaBIOS does.
 */
public final class BiosBoot {
    private static final int LOW_END = 0x100000;

    private static final String E820 = "etc/e820";
    private static final int E820_ENTRY_BYTES = 20;
    private static final String BOOT_ORDER = "bootorder";
    private static final String SERIAL_CONSOLE = "etc/sercon-port";

    private BiosBoot() {}

    static EntryState load(BootFile rom, BootSpec spec, BootTarget target) {
        BiosRom.check(rom);
        if (spec.initrd() != null || !spec.commandLine().isEmpty()) {
            throw new BootException(rom.name() + " takes no initrd and no command line: what it boots has its own");
        }
        GuestMemory memory = target.memory();
        if (memory.sizeBytes() <= LOW_END) {
            throw new BootException("the machine has no memory above the first MiB, where a BIOS puts its tables");
        }
        rom.copyTo(memory, LOW_END - rom.sizeBytes(), 0, rom.sizeBytes());
        return new Reset();
    }

    /**
     * What the BIOS is told, as files of the firmware configuration device.
     *
     * @param memory the machine's RAM
     * @param reserved addresses below the ROM that are not the guest's, up to the ROM's start
     * @param bootOrder the devices that may have something to boot, the first one first
     */
    public static SortedMap<String, byte[]> files(
            AcpiPlatform platform, GuestMemory memory, MemoryRange reserved, List<VirtioSlot> bootOrder) {
        AcpiImage acpi = AcpiTables.image(platform, 0);
        SortedMap<String, byte[]> files = new TreeMap<>();
        files.put(TableLoader.SCRIPT, TableLoader.script(acpi));
        files.put(TableLoader.TABLES, acpi.tables());
        files.put(TableLoader.RSDP, acpi.rsdp());
        files.put(E820, memoryMap(memory.sizeBytes(), reserved));
        files.put(BOOT_ORDER, bootOrder(bootOrder));
        files.put(
                SERIAL_CONSOLE,
                littleEndian(Long.BYTES).putLong(SerialPort.COM1).array());
        return files;
    }

    /**
     * A range of guest-physical addresses.
     *
     * @param start its first
     */
    public record MemoryRange(long start, long sizeBytes) {}

    /** All RAM as one range: SeaBIOS itself takes out of it what is not to be used below 1 MiB and what it keeps. */
    private static byte[] memoryMap(long ramBytes, MemoryRange reserved) {
        return littleEndian(2 * E820_ENTRY_BYTES)
                .putLong(0)
                .putLong(ramBytes)
                .putInt(MemoryMap.RAM)
                .putLong(reserved.start())
                .putLong(reserved.sizeBytes())
                .putInt(MemoryMap.RESERVED)
                .array();
    }

    /** Open Firmware's paths, as SeaBIOS makes them of virtio-mmio devices ({@code src/boot.c}). */
    private static byte[] bootOrder(List<VirtioSlot> slots) {
        return slots.stream()
                .map(slot -> String.format(Locale.ROOT, "/virtio-mmio@%016x/channel@0/disk@0,0", slot.address()))
                .collect(Collectors.joining("\n"))
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
