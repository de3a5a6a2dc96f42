package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.virtio.DescriptorChain;

/** A queue of free page reporting, section 5.5.6.7: the writable buffers of a request are the free pages themselves. */
final class ReportQueue extends GivenPages {
    /** A longer buffer is given back in parts that end at multiples of this. */
    static final long PART_BYTES = 4 << 20;

    private final BalloonConfig config;
    private final BalloonMetrics metrics;
    private boolean mustKeepPoison;
    private int buffer;
    private long done;

    ReportQueue(BalloonConfig config, BalloonMetrics metrics) {
        this.config = config;
        this.metrics = metrics;
    }

    /** Whether the driver counts on finding its {@code poison_val} in the pages. */
    void keepPoison(boolean keep) {
        mustKeepPoison = keep;
    }

    @Override
    void restart() {
        buffer = 0;
        done = 0;
    }

    @Override
    boolean step(DescriptorChain request) {
        buffer = Math.max(buffer, request.readableCount());
        if (buffer >= request.count()) {
            return false;
        }
        long left = request.length(buffer) - done;
        if (left <= 0) {
            buffer++;
            done = 0;
            return true;
        }
        long address = request.address(buffer) + done;
        long bytes = Math.min(left, PART_BYTES - address % PART_BYTES);
        done += bytes;
        // A page given back reads as zeros.
        boolean keep = mustKeepPoison && config.poisonVal() != 0;
        metrics.reported(bytes, keep ? 0 : request.memory().discard(address, bytes));
        return true;
    }
}
