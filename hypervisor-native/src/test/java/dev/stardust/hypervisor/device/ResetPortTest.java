package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ResetPortTest {
    @Test
    void onlyThePulseCommandResets() {
        AtomicInteger resets = new AtomicInteger();
        ResetPort port = new ResetPort(resets::incrementAndGet);
        port.write(0, 1, 0xff);
        port.write(0, 1, 0xd1);
        assertEquals(0, resets.get());
        port.write(0, 1, 0xfe);
        assertEquals(1, resets.get());
        assertEquals(0, port.read(0, 1));
    }
}
