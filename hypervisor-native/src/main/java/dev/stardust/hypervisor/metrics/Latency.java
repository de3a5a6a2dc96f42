package dev.stardust.hypervisor.metrics;

/** How long something took, in nanoseconds: how often it was measured, the mean, three percentiles, the longest. */
public record Latency(long count, long meanNs, long p50Ns, long p99Ns, long p999Ns, long maxNs) {}
