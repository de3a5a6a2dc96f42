package dev.stardust.chaos.bench.store;

/**
 * What work took.
 *
 * @param wallS seconds by the clock
 * @param cpuS seconds of processor time, user and system, of all threads and children
 */
record Timing(double wallS, double cpuS) {
    static final Timing NONE = new Timing(0, 0);

    Timing plus(Timing other) {
        return new Timing(wallS + other.wallS, cpuS + other.cpuS);
    }
}
