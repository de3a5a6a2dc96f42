package dev.stardust.migration.page;

import dev.stardust.hypervisor.memory.GuestMemory;

/**
 * Guest RAM, or a mapped base, as a native range that stays mapped while it is used here.
 *
 * @param address native address of page 0, aligned to 4 KiB
 * @param pages number of 4 KiB pages
 */
public record PageRange(long address, int pages) {
    public PageRange {
        if (address == 0 || (address & (Pages.SIZE - 1)) != 0 || pages <= 0) {
            throw new IllegalArgumentException(
                    "not a range of pages: address " + Long.toHexString(address) + ", " + pages + " pages");
        }
    }

    /** A guest's RAM. */
    public static PageRange of(GuestMemory memory) {
        return new PageRange(memory.address(), Math.toIntExact(memory.sizeBytes() / Pages.SIZE));
    }

    long page(int gfn) {
        return address + (long) gfn * Pages.SIZE;
    }
}
