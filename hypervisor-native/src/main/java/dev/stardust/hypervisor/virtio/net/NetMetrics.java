package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.metrics.Counter;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import java.util.Map;

/** What went through a network device, in the guest's words, counted by the thread that serves it. */
final class NetMetrics {
    /** One direction. Bytes are of Ethernet frames. */
    static final class Direction {
        private final Counter frames = new Counter();
        private final Counter bytes = new Counter();
        private final Counter dropped = new Counter();
        private final Counter throttled = new Counter();

        void passed(long frameBytes) {
            frames.increment();
            bytes.add(frameBytes);
        }

        /** Counts a frame that is lost: malformed, too large for the other side, or refused by it. */
        void dropped() {
            dropped.increment();
        }

        /** Counts a try that the limit did not allow. */
        void throttled() {
            throttled.increment();
        }
    }

    final Direction receive = new Direction();
    final Direction transmit = new Direction();

    DeviceMetrics read() {
        return DeviceMetrics.of(
                Map.of(
                        "receive.frames", receive.frames,
                        "receive.bytes", receive.bytes,
                        "receive.dropped", receive.dropped,
                        "receive.throttled", receive.throttled,
                        "transmit.frames", transmit.frames,
                        "transmit.bytes", transmit.bytes,
                        "transmit.dropped", transmit.dropped,
                        "transmit.throttled", transmit.throttled),
                Map.of());
    }
}
