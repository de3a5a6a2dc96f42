package dev.stardust.chaos.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class WireMeterTest {
    private long bytes = 500;
    private long ns = 1_000;

    private void pass(long ns, long bytes) {
        this.ns += ns;
        this.bytes += bytes;
    }

    @Test
    void idleTrafficIsTakenOffForTheTimeTheWorkTook() {
        WireMeter meter = new WireMeter(() -> bytes, () -> ns);
        pass(1_000, 10);
        meter.begin();
        pass(3_000, 1_000);
        assertEquals(970, meter.workBytes());
    }

    @Test
    void aNoisyIdleTimeNeverMakesTheWorkNegative() {
        WireMeter meter = new WireMeter(() -> bytes, () -> ns);
        pass(1_000, 9_000);
        meter.begin();
        pass(1_000, 10);
        assertEquals(0, meter.workBytes());
    }

    @Test
    void withoutIdleTimeNothingIsTakenOff() {
        WireMeter meter = new WireMeter(() -> bytes, () -> ns);
        meter.begin();
        pass(1_000, 10);
        assertEquals(10, meter.workBytes());
    }
}
