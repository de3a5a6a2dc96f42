package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;

/**
 * An ELF64 kernel by its own entry: a vmlinux, which is entered as a bzImage's stub does it (long mode, RSI at the boot
 * parameters), or any other kernel that takes these.
 */
final class Elf64Boot {
    private Elf64Boot() {}

    static EntryState load(Elf64 kernel, BootSpec spec, BootTarget target) {
        GuestMemory memory = target.memory();
        kernel.copyTo(memory);
        CommandLine.write(memory, CommandLine.of(kernel, spec, target), CommandLine.MAX_BYTES);
        Initrd initrd = Initrd.load(spec.initrd(), memory, kernel.endAddress(), memory.sizeBytes());
        BootParams.write(memory, BootParams.plainHeader(), initrd, target.rsdpAddress());
        return LongMode.prepare(memory, kernel.entry(), BootParams.ADDRESS);
    }
}
