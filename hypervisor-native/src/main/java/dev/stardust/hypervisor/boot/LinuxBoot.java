package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;

/**
 * A bzImage by Linux's 64-bit boot protocol (Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"): the kernel's own
 * stub is entered in long mode with RSI at the boot parameters, and unpacks the kernel.
 */
final class LinuxBoot {
    private static final long MIB = 1 << 20;

    private LinuxBoot() {}

    static EntryState load(BzImage image, BootSpec spec, BootTarget target) {
        GuestMemory memory = target.memory();
        long end = image.loadAddress() + image.memoryBytes();
        if (end > memory.sizeBytes()) {
            throw new BootException(image.file().name() + " needs memory up to " + ((end + MIB - 1) / MIB)
                    + " MiB to start, but the machine has only " + (memory.sizeBytes() / MIB) + " MiB");
        }
        long kernelBytes = image.file().sizeBytes() - image.kernelOffset();
        image.file().copyTo(memory, image.loadAddress(), image.kernelOffset(), kernelBytes);
        CommandLine.write(memory, spec.commandLine(), image.commandLineBytes());
        Initrd initrd = Initrd.load(spec.initrd(), memory, end, image.initrdEnd());
        BootParams.write(memory, image.header(), initrd, target.rsdpAddress());
        return LongMode.prepare(memory, image.loadAddress() + BzImage.ENTRY_64, BootParams.ADDRESS);
    }
}
