package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The kernel's command line, NUL-terminated at 0x20000.
 *
 * <p>A kernel that finds devices and clock by itself gets exactly what the user gave. A bare kernel, which has no ACPI
 * parser, asks for more by an ELF note of owner {@code Stardust} and type 1 (no description): the machine appends words
 * that tell of its devices.
 */
final class CommandLine {
    static final long ADDRESS = 0x20000;

    /** Most bytes without the NUL: what Linux takes on x86. */
    static final int MAX_BYTES = 2047;

    private static final String BARE_OWNER = "Stardust";
    private static final int BARE_TYPE = 1;

    private CommandLine() {}

    /** Whether a kernel says that it is bare. */
    static boolean isBare(Elf64 kernel) {
        return kernel.note(BARE_OWNER, BARE_TYPE) != null;
    }

    /** What an ELF kernel is told. */
    static String of(Elf64 kernel, BootSpec spec, BootTarget target) {
        return isBare(kernel) ? (spec.commandLine() + " " + target.bareWords()).strip() : spec.commandLine();
    }

    /**
     * Writes a command line.
     *
     * @param maxBytes most bytes that the kernel takes
     * @throws BootException if it is too long or not printable ASCII
     */
    static void write(GuestMemory memory, String text, int maxBytes) {
        if (text.length() > maxBytes) {
            throw new BootException("the command line has " + text.length()
                    + " bytes with what the machine adds; the kernel takes at most " + maxBytes);
        }
        if (text.chars().anyMatch(c -> c < 0x20 || c > 0x7e)) {
            throw new BootException("the command line has a character that is not printable ASCII");
        }
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        memory.write(ADDRESS, Arrays.copyOf(bytes, bytes.length + 1));
    }
}
