package dev.stardust.hypervisor.virtio.balloon;

/**
 * What a guest says of its memory, section 5.5.6.4: its word, not checked. A figure that it does not tell is
 * {@link #NOT_TOLD}.
 *
 * @param atMs when it said so, in milliseconds since 1970
 * @param swapInBytes read from swap space since boot
 * @param swapOutBytes written to swap space since boot
 * @param majorFaults page faults that took input since boot
 * @param minorFaults other page faults since boot
 * @param freeBytes used for nothing
 * @param totalBytes all that the guest has
 * @param availableBytes what new programs could have without swapping
 * @param cacheBytes what can be had back at once, such as cached files
 * @param hugePageAllocations huge pages had since boot
 * @param hugePageFailures huge pages that could not be had since boot
 */
public record GuestStats(
        long atMs,
        long swapInBytes,
        long swapOutBytes,
        long majorFaults,
        long minorFaults,
        long freeBytes,
        long totalBytes,
        long availableBytes,
        long cacheBytes,
        long hugePageAllocations,
        long hugePageFailures) {
    /** In the place of a figure that the guest does not tell. */
    public static final long NOT_TOLD = -1;

    /** Tags that are known: 0 to 9, in the order of the components. */
    static final int TAGS = 10;

    static GuestStats of(long atMs, long[] byTag) {
        return new GuestStats(
                atMs, byTag[0], byTag[1], byTag[2], byTag[3], byTag[4], byTag[5], byTag[6], byTag[7], byTag[8],
                byTag[9]);
    }
}
