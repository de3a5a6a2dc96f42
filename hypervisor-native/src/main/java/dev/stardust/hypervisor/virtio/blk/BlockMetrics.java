package dev.stardust.hypervisor.virtio.blk;

import dev.stardust.hypervisor.metrics.Counter;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import dev.stardust.hypervisor.metrics.LatencyRecorder;
import java.util.Map;

/** What a disk did, counted by the thread that serves it. */
final class BlockMetrics {
    private final Counter reads = new Counter();
    private final Counter readBytes = new Counter();
    private final Counter writes = new Counter();
    private final Counter writtenBytes = new Counter();
    private final Counter flushes = new Counter();
    private final Counter discards = new Counter();
    private final Counter discardedBytes = new Counter();
    private final Counter zeroings = new Counter();
    private final Counter zeroedBytes = new Counter();
    private final Counter errors = new Counter();
    private final Counter throttled = new Counter();
    private final LatencyRecorder readLatency = new LatencyRecorder();
    private final LatencyRecorder writeLatency = new LatencyRecorder();
    private final LatencyRecorder flushLatency = new LatencyRecorder();

    /** Counts a request that was answered with success. */
    void succeeded(int type, long bytes, long durationNs) {
        switch (type) {
            case BlockRequest.T_IN -> count(reads, readBytes, bytes, readLatency, durationNs);
            case BlockRequest.T_OUT -> count(writes, writtenBytes, bytes, writeLatency, durationNs);
            case BlockRequest.T_FLUSH -> {
                flushes.increment();
                flushLatency.record(durationNs);
            }
            case BlockRequest.T_DISCARD -> {
                discards.increment();
                discardedBytes.add(bytes);
            }
            case BlockRequest.T_WRITE_ZEROES -> {
                zeroings.increment();
                zeroedBytes.add(bytes);
            }
            default -> {}
        }
    }

    private static void count(Counter requests, Counter sum, long bytes, LatencyRecorder latency, long durationNs) {
        requests.increment();
        sum.add(bytes);
        latency.record(durationNs);
    }

    /** Counts a request that was answered with an error. */
    void failed() {
        errors.increment();
    }

    /** Counts a request that had to wait for its limit. */
    void throttled() {
        throttled.increment();
    }

    DeviceMetrics read() {
        Map<String, Counter> counters = Map.ofEntries(
                Map.entry("read.requests", reads),
                Map.entry("read.bytes", readBytes),
                Map.entry("write.requests", writes),
                Map.entry("write.bytes", writtenBytes),
                Map.entry("flush.requests", flushes),
                Map.entry("discard.requests", discards),
                Map.entry("discard.bytes", discardedBytes),
                Map.entry("zero.requests", zeroings),
                Map.entry("zero.bytes", zeroedBytes),
                Map.entry("errors", errors),
                Map.entry("throttled", throttled));
        return DeviceMetrics.of(counters, Map.of("read", readLatency, "write", writeLatency, "flush", flushLatency));
    }
}
