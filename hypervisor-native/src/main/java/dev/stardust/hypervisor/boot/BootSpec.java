package dev.stardust.hypervisor.boot;

import java.nio.file.Path;
import java.util.List;

/**
 * What a machine boots.
 *
 * @param kernel the kernel's file, or that of a BIOS
 * @param initrd the initial RAM disk's file, or null
 * @param commandLine the kernel's command line, printable ASCII
 * @param protocol how the kernel is entered
 * @param modules what a Multiboot kernel finds in memory; no other kernel takes any
 */
public record BootSpec(Path kernel, Path initrd, String commandLine, Protocol protocol, List<BootModule> modules) {
    public BootSpec {
        modules = List.copyOf(modules);
    }

    /** What a machine boots without modules. */
    public BootSpec(Path kernel, Path initrd, String commandLine, Protocol protocol) {
        this(kernel, initrd, commandLine, protocol, List.of());
    }

    /** A kernel without RAM disk, entered as its file asks for. */
    public static BootSpec of(Path kernel, String commandLine) {
        return new BootSpec(kernel, null, commandLine, Protocol.AUTO);
    }

    /** The ways into a kernel. */
    public enum Protocol {
        /**
         * What the file asks for: a bzImage {@link #LINUX}, a file with a Multiboot header {@link #MULTIBOOT}, an ELF
         * file with a PVH note {@link #PVH}, any other and a bare kernel (see {@link CommandLine}) {@link #ELF64}.
         */
        AUTO,
        /** A bzImage by Linux's 64-bit boot protocol. */
        LINUX,
        /** An ELF64 file by the 32-bit entry that its PVH note names. */
        PVH,
        /** An ELF64 file by its entry, in long mode, as Linux's 64-bit boot protocol enters it. */
        ELF64,
        /** A file with a Multiboot header, by version 2 of Multiboot if it has that one. */
        MULTIBOOT,
        /** The image of a PC's BIOS, which finds what to boot on the machine's disks; see {@link BiosBoot}. */
        BIOS
    }
}
