package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class PowerControllerTest {
    private final List<String> calls = new ArrayList<>();
    private final PowerController power = controller();

    private PowerController controller() {
        return new PowerController(
                level -> calls.add(level ? "up" : "down"), () -> calls.add("off"), () -> calls.add("reset"));
    }

    @Test
    void onlyEnteringS5PowersOff() {
        power.write(PowerController.SLEEP_CONTROL, 1, 5 << 2); // the type without the enable bit
        power.write(PowerController.SLEEP_CONTROL, 1, 3 << 2 | 0x20);
        power.write(PowerController.SLEEP_STATUS, 1, 5 << 2 | 0x20);
        power.write(PowerController.EVENTS, 1, 5 << 2 | 0x20);
        assertEquals(List.of(), calls);
        power.write(PowerController.SLEEP_CONTROL, 1, 5 << 2 | 0x20);
        assertEquals(List.of("off"), calls);
    }

    @Test
    void onlyItsValueResets() {
        power.write(PowerController.RESET, 1, 0);
        power.write(PowerController.RESET, 1, 3);
        assertEquals(List.of(), calls);
        power.write(PowerController.RESET, 1, 1);
        power.write(PowerController.SLEEP_CONTROL, 4, 0x01_0000);
        assertEquals(List.of("reset", "reset"), calls);
    }

    @Test
    void pressedButtonIsToldOnceByAnEdge() {
        power.pressPowerButton();
        assertEquals(List.of("up", "down"), calls);
        assertEquals(0, power.read(PowerController.SLEEP_CONTROL, 1));
        assertEquals(0, power.read(PowerController.SLEEP_CONTROL, 2));
        assertEquals(PowerController.POWER_BUTTON, power.read(PowerController.EVENTS, 1));
        assertEquals(0, power.read(PowerController.EVENTS, 1));
        power.pressPowerButton();
        assertEquals(List.of("up", "down", "up", "down"), calls);
        assertEquals(0x0100_0000, power.read(PowerController.SLEEP_CONTROL, 4));
    }

    @Test
    void pendingEventsAreSavedAndToldAgain() {
        assertArrayEquals(new byte[4], power.save());
        power.pressPowerButton();
        byte[] state = power.save();
        assertArrayEquals(new byte[] {1, 0, 0, 0}, state);
        calls.clear();
        PowerController other = controller();
        other.restore(new UnsafeBuffer(state));
        assertEquals(List.of("up", "down"), calls);
        assertEquals(PowerController.POWER_BUTTON, other.read(PowerController.EVENTS, 1));
        calls.clear();
        other.restore(new UnsafeBuffer(new byte[4]));
        assertEquals(List.of(), calls);
    }

    @Test
    void stateThatCannotBeIsRefused() {
        for (byte[] bad : new byte[][] {{}, {1, 0, 0}, {1, 0, 0, 0, 0}, {2, 0, 0, 0}, {0, 0, 0, 1}}) {
            assertThrows(IllegalArgumentException.class, () -> power.restore(new UnsafeBuffer(bad)));
        }
    }

    @Property
    void anyAccessIsTaken(
            @ForAll @IntRange(max = PowerController.PORTS - 1) int offset,
            @ForAll @IntRange(min = 1, max = 8) int width,
            @ForAll long value) {
        power.write(offset, width, value);
        assertEquals(0, power.read(offset, width));
    }
}
