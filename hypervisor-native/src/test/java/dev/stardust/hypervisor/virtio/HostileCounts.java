package dev.stardust.hypervisor.virtio;

import java.util.Map;
import java.util.TreeMap;

/** What a {@link HostileDriver} did and met. */
final class HostileCounts {
    private final Map<String, Integer> faults = new TreeMap<>();
    private long accesses;
    private long chains;
    private long answers;
    private long services;
    private long worstTurnNs;

    void access() {
        accesses++;
    }

    void chain() {
        chains++;
    }

    void answered(int count) {
        answers += count;
    }

    /** A good request was served after a reset. */
    void service() {
        services++;
    }

    void turn(long ns) {
        worstTurnNs = Math.max(worstTurnNs, ns);
    }

    /** Counted by kind: its text without the numbers. */
    void fault(String message) {
        String kind = message.replaceAll("^.*?: queue \\d+: ", "")
                .replaceAll("0x[0-9a-f]+", "#")
                .replaceAll("-?\\d+", "#");
        faults.merge(kind, 1, Integer::sum);
    }

    /** Register accesses and chains so far. */
    long steps() {
        return accesses + chains;
    }

    long accesses() {
        return accesses;
    }

    long chains() {
        return chains;
    }

    /** Requests that the device used. */
    long answers() {
        return answers;
    }

    long services() {
        return services;
    }

    long worstTurnMs() {
        return worstTurnNs / 1_000_000;
    }

    long faults() {
        return faults.values().stream().mapToLong(Integer::longValue).sum();
    }

    Map<String, Integer> faultKinds() {
        return faults;
    }
}
