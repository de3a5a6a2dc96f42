package dev.stardust.chaos.bench.store;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;

/**
 * What work took.
 *
 * @param wallS seconds by the clock
 * @param cpuS seconds of processor time, user and system, of all threads and children
 */
record Timing(double wallS, double cpuS) {
    private static final double NS = 1e9;

    static final Timing NONE = new Timing(0, 0);

    /** Work that may fail. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    /** What work in this process takes, with all its threads. */
    static Timing of(Work work) throws IOException {
        OperatingSystemMXBean process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpu = process.getProcessCpuTime();
        long wall = System.nanoTime();
        work.run();
        return new Timing((System.nanoTime() - wall) / NS, (process.getProcessCpuTime() - cpu) / NS);
    }

    Timing plus(Timing other) {
        return new Timing(wallS + other.wallS, cpuS + other.cpuS);
    }
}
