package dev.stardust.migration.page;

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

    long page(int gfn) {
        return address + (long) gfn * Pages.SIZE;
    }
}
