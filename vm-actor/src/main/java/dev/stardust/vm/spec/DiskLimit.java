package dev.stardust.vm.spec;

import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;

/**
 * How much a guest may read and write of a disk.
 *
 * @param mibPerSecond most MiB a second, 0 for no limit
 * @param iops most requests a second, 0 for no limit
 */
public record DiskLimit(int mibPerSecond, int iops) {
    /** As much as it likes. */
    public static final DiskLimit NONE = new DiskLimit(0, 0);

    private static final long BYTES_PER_MIB = 1 << 20;

    /** The same for a device, with a second's worth at once. */
    public RateLimit rateLimit() {
        return new RateLimit(rate(mibPerSecond * BYTES_PER_MIB), rate(iops));
    }

    private static Rate rate(long perSecond) {
        return perSecond == 0 ? Rate.UNLIMITED : Rate.perSecond(perSecond);
    }
}
