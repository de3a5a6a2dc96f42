package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.hypervisor.device.PanicPort.Event;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PanicPortTest {
    private final List<Event> events = new ArrayList<>();
    private final PanicPort port = new PanicPort(events::add);

    @Test
    void knownEventsAreTold() {
        assertEquals(3, port.read(0, 1));
        port.write(0, 1, 2);
        port.write(0, 1, 1);
        assertEquals(List.of(Event.CRASH_LOADED, Event.PANICKED), events);
    }

    @Test
    void otherBitsAreNothing() {
        port.write(0, 1, 0);
        port.write(0, 1, 0xfc);
        assertEquals(List.of(), events);
        port.write(0, 1, 0xff);
        assertEquals(List.of(Event.PANICKED), events);
    }
}
