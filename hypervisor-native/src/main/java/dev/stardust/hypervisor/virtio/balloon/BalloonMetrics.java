package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.metrics.Counter;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import java.util.Map;

/** What a balloon did, counted by the thread that serves it. */
final class BalloonMetrics {
    private final Counter inflatedBytes = new Counter();
    private final Counter deflatedBytes = new Counter();
    private final Counter reportedBytes = new Counter();
    private final Counter freedBytes = new Counter();
    private final Counter statistics = new Counter();

    /** Counts bytes that the driver put into the balloon, and those of them that went back to the host. */
    void inflated(long bytes, long freed) {
        inflatedBytes.add(bytes);
        freedBytes.add(freed);
    }

    /** Counts bytes that the driver took out of the balloon, as it says. */
    void deflated(long bytes) {
        deflatedBytes.add(bytes);
    }

    /** Counts bytes that the driver reported free, and those of them that went back to the host. */
    void reported(long bytes, long freed) {
        reportedBytes.add(bytes);
        freedBytes.add(freed);
    }

    /** Counts figures that the driver told of its memory. */
    void toldStatistics() {
        statistics.increment();
    }

    DeviceMetrics read() {
        return DeviceMetrics.of(
                Map.of(
                        "inflate.bytes", inflatedBytes,
                        "deflate.bytes", deflatedBytes,
                        "report.bytes", reportedBytes,
                        "freed.bytes", freedBytes,
                        "statistics", statistics),
                Map.of());
    }
}
