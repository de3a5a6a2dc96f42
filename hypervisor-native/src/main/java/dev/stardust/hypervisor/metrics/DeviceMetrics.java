package dev.stardust.hypervisor.metrics;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a device counted since it was made, as of one moment; the numbers of one snapshot may be a request apart.
 *
 * @param counters by name, such as {@code read.bytes}
 * @param gauges what goes up and down, by name, such as {@code target.bytes}
 * @param latencies by name, such as {@code read}
 */
public record DeviceMetrics(
        SortedMap<String, Long> counters, SortedMap<String, Long> gauges, SortedMap<String, Latency> latencies) {
    /** Reads counters and recorders. */
    public static DeviceMetrics of(Map<String, Counter> counters, Map<String, LatencyRecorder> recorders) {
        SortedMap<String, Long> numbers = new TreeMap<>();
        counters.forEach((name, counter) -> numbers.put(name, counter.get()));
        SortedMap<String, Latency> latencies = new TreeMap<>();
        recorders.forEach((name, recorder) -> latencies.put(name, recorder.read()));
        return new DeviceMetrics(numbers, new TreeMap<>(), latencies);
    }

    /** The same with gauges. */
    public DeviceMetrics withGauges(Map<String, Long> now) {
        return new DeviceMetrics(counters, new TreeMap<>(now), latencies);
    }
}
