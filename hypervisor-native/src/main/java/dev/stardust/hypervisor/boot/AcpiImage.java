package dev.stardust.hypervisor.boot;

import java.util.List;

/**
 * ACPI tables as bytes, with what has to be changed in them when they get another place. Offsets are bytes from the start
 * of {@code tables}.
 *
 * @param tables all tables but the root pointer, one after the other
 * @param rsdp the root pointer
 * @param pointers where the tables point to each other
 * @param pointing the tables that have pointers, whose checksums depend on the place
 */
record AcpiImage(byte[] tables, byte[] rsdp, List<Pointer> pointers, List<Range> pointing) {
    /** A little-endian address in a table. */
    record Pointer(int offset, int bytes) {}

    /** A whole table. */
    record Range(int offset, int bytes) {}
}
