package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * An ELF64 kernel by its PVH entry (Xen, docs/misc/pvh.pandoc): 32-bit protected mode without paging, EBX at a
 * {@code struct hvm_start_info} of version 1 (Xen, public/arch-x86/hvm/start_info.h), which is at 0x6000, followed by
 * its list of modules and the memory map.
 */
final class PvhBoot {
    static final long START_INFO = 0x6000;

    private static final long MODULES = START_INFO + 0x40;
    private static final long MEMORY_MAP = START_INFO + 0x80;
    private static final int RANGE_SIZE = 24;
    private static final long MAGIC = 0x336e_c578L;
    private static final int VERSION = 1;

    private static final String NOTE_OWNER = "Xen";
    private static final int NOTE_PHYS32_ENTRY = 18;
    private static final long ADDRESSES = 1L << 32;

    private PvhBoot() {}

    /** Whether a kernel can be entered so. */
    static boolean hasEntry(Elf64 kernel) {
        return kernel.note(NOTE_OWNER, NOTE_PHYS32_ENTRY) != null;
    }

    static EntryState load(Elf64 kernel, BootSpec spec, BootTarget target) {
        long entry = entry(kernel);
        GuestMemory memory = target.memory();
        kernel.copyTo(memory);
        CommandLine.write(memory, CommandLine.of(kernel, spec, target), CommandLine.MAX_BYTES);
        Initrd initrd = Initrd.load(spec.initrd(), memory, kernel.endAddress(), memory.sizeBytes());
        writeStartInfo(memory, initrd, target.rsdpAddress());
        return ProtectedMode.prepare(memory, entry, 0, START_INFO);
    }

    private static long entry(Elf64 kernel) {
        ByteBuffer note = kernel.note(NOTE_OWNER, NOTE_PHYS32_ENTRY);
        if (note == null) {
            throw new BootException(
                    kernel.name() + " has no PVH entry; boot it as elf64 or, if it is Linux, turn" + " CONFIG_PVH on");
        }
        long entry =
                switch (note.capacity()) {
                    case Integer.BYTES -> note.getInt(0) & 0xffff_ffffL;
                    case Long.BYTES -> note.getLong(0);
                    default -> -1;
                };
        if (entry < 0 || entry >= ADDRESSES || !kernel.isExecutable(entry)) {
            throw new BootException(kernel.name() + " has a PVH entry outside its code");
        }
        return entry;
    }

    private static void writeStartInfo(GuestMemory memory, Initrd initrd, long rsdpAddress) {
        List<MemoryMap.Range> ranges = MemoryMap.of(memory).ranges();
        memory.putU32(START_INFO, MAGIC);
        memory.putU32(START_INFO + 4, VERSION);
        memory.putU64(START_INFO + 24, CommandLine.ADDRESS);
        memory.putU64(START_INFO + 32, rsdpAddress);
        memory.putU64(START_INFO + 40, MEMORY_MAP);
        memory.putU32(START_INFO + 48, ranges.size());
        if (initrd.isPresent()) {
            memory.putU32(START_INFO + 12, 1);
            memory.putU64(START_INFO + 16, MODULES);
            memory.putU64(MODULES, initrd.address());
            memory.putU64(MODULES + 8, initrd.sizeBytes());
        }
        long at = MEMORY_MAP;
        for (MemoryMap.Range range : ranges) {
            memory.putU64(at, range.start());
            memory.putU64(at + 8, range.sizeBytes());
            memory.putU32(at + 16, range.type());
            at += RANGE_SIZE;
        }
    }
}
