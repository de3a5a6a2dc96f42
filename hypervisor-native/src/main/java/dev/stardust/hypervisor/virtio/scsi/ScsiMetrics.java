package dev.stardust.hypervisor.virtio.scsi;

import dev.stardust.hypervisor.metrics.Counter;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.metrics.LatencyRecorder;
import java.util.Map;

/** What a CD did, counted by the thread that serves it. */
final class ScsiMetrics {
    private final Counter commands = new Counter();
    private final Counter reads = new Counter();
    private final Counter readBytes = new Counter();
    private final Counter errors = new Counter();
    private final LatencyRecorder readLatency = new LatencyRecorder();

    /** Counts a command, whatever became of it. */
    void command(boolean good) {
        commands.increment();
        if (!good) {
            errors.increment();
        }
    }

    /** Counts a command that read from the disc. */
    void read(long bytes, long durationNs) {
        reads.increment();
        readBytes.add(bytes);
        readLatency.record(durationNs);
    }

    DeviceMetrics read() {
        return DeviceMetrics.of(
                Map.of("commands", commands, "read.requests", reads, "read.bytes", readBytes, "errors", errors),
                Map.of("read", readLatency));
    }
}
