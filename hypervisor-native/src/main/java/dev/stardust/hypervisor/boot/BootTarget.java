package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;

/**
 * The machine that a kernel is loaded into.
 *
 * @param memory its RAM, zeroed but for the ACPI tables; with a BIOS, which brings them there, for all
 * @param rsdpAddress guest-physical address of the ACPI root pointer, 0 for none
 * @param bareWords what a bare kernel gets appended to its command line, see {@link CommandLine}
 */
public record BootTarget(GuestMemory memory, long rsdpAddress, String bareWords) {}
