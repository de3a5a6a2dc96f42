package dev.stardust.hypervisor.boot;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a Multiboot kernel is told, whichever version it speaks.
 *
 * @param commandLine printable ASCII
 * @param modules where the modules are
 * @param memory the memory map
 * @param rsdp a copy of the ACPI root pointer, empty if there is none
 * @param loadAddress where the image begins
 */
record MultibootInfo(
        String commandLine, List<Module> modules, List<MemoryMap.Range> memory, byte[] rsdp, long loadAddress) {
    /** What kernels are told that loaded them. */
    static final String LOADER_NAME = "Stardust";

    private static final long HIGH = 1 << 20;
    private static final long MAX_LOW_KIB = 640;

    /**
     * A module in RAM.
     *
     * @param end the address after its last byte
     */
    record Module(long start, long end, String commandLine) {}

    /** The same with modules that are in their places. */
    MultibootInfo with(List<Module> placed) {
        return new MultibootInfo(commandLine, placed, memory, rsdp, loadAddress);
    }

    /** KiB of RAM from address 0 on, at most 640. */
    int lowKib() {
        return (int) Math.min(MAX_LOW_KIB, ramFrom(0) >> 10);
    }

    /** KiB of RAM from 1 MiB on, up to the first hole; below 2 to the 32. */
    int highKib() {
        return (int) Math.min(0xffff_ffffL, ramFrom(HIGH) >> 10);
    }

    private long ramFrom(long address) {
        return memory.stream()
                .filter(range -> range.type() == MemoryMap.RAM
                        && range.start() <= address
                        && address - range.start() < range.sizeBytes())
                .mapToLong(range -> range.start() + range.sizeBytes() - address)
                .findFirst()
                .orElse(0);
    }

    /** Bytes of all modules' texts with their NULs. */
    int moduleTextBytes() {
        return modules.stream()
                .mapToInt(module -> terminated(module.commandLine()).length)
                .sum();
    }

    /** The bytes of a text and its NUL. */
    static byte[] terminated(String text) {
        return (text + "\0").getBytes(StandardCharsets.US_ASCII);
    }
}
