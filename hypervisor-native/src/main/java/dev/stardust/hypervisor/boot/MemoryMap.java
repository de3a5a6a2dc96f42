package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.List;

/**
 * What a guest is told about its physical memory, by E820 types.
 *
 * @param ranges in the order of their addresses, none overlapping
 */
record MemoryMap(List<Range> ranges) {
    static final int RAM = 1;
    static final int RESERVED = 2;

    /** RAM below this is what a PC's firmware leaves free: above come its own data and, from 0xa0000 on, no memory. */
    private static final long LOW_END = 0x9fc00;

    private static final long HIGH_START = 0x100000;

    record Range(long start, long sizeBytes, int type) {}

    /**
     * The map of a machine.
     *
     * @throws BootException if memory does not reach beyond the first MiB
     */
    static MemoryMap of(GuestMemory memory) {
        if (memory.sizeBytes() <= HIGH_START) {
            throw new BootException("the machine has no memory above the first MiB, where kernels load");
        }
        return new MemoryMap(List.of(
                new Range(0, LOW_END, RAM),
                new Range(LOW_END, HIGH_START - LOW_END, RESERVED),
                new Range(HIGH_START, memory.sizeBytes() - HIGH_START, RAM)));
    }
}
