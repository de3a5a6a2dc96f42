package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.boot.BootSpec.Protocol;

/** Puts a kernel with all it is handed into a machine's memory. */
public final class BootLoader {
    private BootLoader() {}

    /**
     * Loads a kernel, or a BIOS, by the protocol that the spec names or, for {@link Protocol#AUTO}, by the file's own.
     *
     * @return the registers that vCPU 0 starts with
     * @throws BootException if a file cannot be read, is not of the protocol, or does not fit the memory
     */
    public static EntryState load(BootSpec spec, BootTarget target) {
        try (BootFile kernel = BootFile.open("kernel", spec.kernel())) {
            if (!spec.modules().isEmpty() && !MultibootKernel.isOne(kernel)) {
                throw new BootException(kernel.name() + " has no Multiboot header, so it takes no modules");
            }
            EntryState entry =
                    switch (spec.protocol()) {
                        case AUTO -> loadByContent(kernel, spec, target);
                        case LINUX -> LinuxBoot.load(BzImage.parse(kernel), spec, target);
                        case PVH -> PvhBoot.load(Elf64.parse(kernel), spec, target);
                        case ELF64 -> Elf64Boot.load(Elf64.parse(kernel), spec, target);
                        case MULTIBOOT -> MultibootBoot.load(kernel, spec, target);
                        case BIOS -> BiosBoot.load(kernel, spec, target);
                    };
            if (spec.protocol() != Protocol.BIOS) {
                ResetVector.write(target.memory()); // a BIOS has one of its own
            }
            return entry;
        }
    }

    private static EntryState loadByContent(BootFile kernel, BootSpec spec, BootTarget target) {
        if (BzImage.isOne(kernel)) {
            return LinuxBoot.load(BzImage.parse(kernel), spec, target);
        }
        if (MultibootKernel.isOne(kernel)) {
            return MultibootBoot.load(kernel, spec, target);
        }
        if (!Elf64.isOne(kernel)) {
            throw new BootException(kernel.name()
                    + " is no kernel that this machine knows: it takes a Linux bzImage (vmlinuz) or a 64-bit ELF file"
                    + " (vmlinux), or a file with a Multiboot header");
        }
        Elf64 elf = Elf64.parse(kernel);
        // A bare kernel starts sooner in long mode: it has less to do before it runs.
        boolean isPvh = PvhBoot.hasEntry(elf) && !CommandLine.isBare(elf);
        return isPvh ? PvhBoot.load(elf, spec, target) : Elf64Boot.load(elf, spec, target);
    }
}
