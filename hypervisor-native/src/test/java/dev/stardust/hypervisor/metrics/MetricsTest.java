package dev.stardust.hypervisor.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class MetricsTest {
    @Test
    void countersAndLatenciesAddUpOverSeveralReadings() {
        Counter counter = new Counter();
        LatencyRecorder recorder = new LatencyRecorder();
        assertEquals(new Latency(0, 0, 0, 0, 0, 0), recorder.read());
        for (int i = 1; i <= 1000; i++) {
            counter.increment();
            counter.add(2);
            recorder.record(i * 10_000L);
            if (i % 100 == 0) {
                assertEquals(i, recorder.read().count());
            }
        }
        assertEquals(3000, counter.get());
        Latency read = recorder.read();
        assertEquals(1000, read.count());
        assertNear(5_005_000, read.meanNs());
        assertNear(5_000_000, read.p50Ns());
        assertNear(9_900_000, read.p99Ns());
        assertNear(9_990_000, read.p999Ns());
        assertNear(10_000_000, read.maxNs());
        assertEquals(read, recorder.read());
    }

    private static void assertNear(long expectedNs, long foundNs) {
        assertTrue(Math.abs(foundNs - expectedNs) <= expectedNs / 16, foundNs + " is not near " + expectedNs);
    }

    @Property(tries = 200)
    void anyDurationIsTakenAndIsThere(@ForAll long durationNs) {
        LatencyRecorder recorder = new LatencyRecorder();
        recorder.record(durationNs);
        assertEquals(1, recorder.read().count());
    }

    @Property(tries = 200)
    void durationsAreToldToASixteenth(@ForAll @LongRange(min = 10_000, max = 100_000_000_000L) long durationNs) {
        LatencyRecorder recorder = new LatencyRecorder();
        recorder.record(durationNs);
        assertNear(durationNs, recorder.read().p50Ns());
    }

    @Test
    void recordingAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Counter counter = new Counter();
        LatencyRecorder recorder = new LatencyRecorder();
        long before = 0;
        for (int i = 0; i < 40_000; i++) {
            if (i == 20_000) {
                before = threads.getCurrentThreadAllocatedBytes();
            }
            counter.increment();
            recorder.record(i * 1000L);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 20_000, allocated + " bytes");
    }
}
