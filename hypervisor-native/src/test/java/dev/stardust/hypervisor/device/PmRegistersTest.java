package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PmRegistersTest {
    private static final int CONTROL = PmRegisters.BASE + PmRegisters.CONTROL;
    private static final int S5 = 5 << 10;
    private static final int ENTER = 1 << 13;

    private int powerOffs;
    private final Bus ports = new Bus("ports");

    PmRegistersTest() {
        ports.add(PmRegisters.BASE, PmRegisters.PORTS, new PmRegisters(() -> powerOffs++));
    }

    @Test
    void onlyEnteringS5PowersOff() {
        ports.write(CONTROL, 2, S5);
        ports.write(CONTROL, 2, ENTER | 3 << 10);
        ports.write(PmRegisters.BASE, 4, (ENTER | S5) | (long) (ENTER | S5) << 16);
        assertEquals(0, powerOffs);
        ports.write(CONTROL, 2, ENTER | S5);
        assertEquals(1, powerOffs);
        ports.write(CONTROL + 1, 1, (ENTER | S5) >> 8);
        assertEquals(2, powerOffs);
    }

    @Test
    void interruptsAreAcpisWhateverIsWritten() {
        assertEquals(1, ports.read(CONTROL, 2));
        ports.write(CONTROL, 2, 0);
        assertEquals(1, ports.read(CONTROL, 2));
    }

    @Test
    void enabledEventsReadBackAndNoneEverHappens() {
        ports.write(PmRegisters.BASE, 4, 0x0320_ffff);
        assertEquals(0x0320_0000, ports.read(PmRegisters.BASE, 4));
        assertEquals(0, ports.read(PmRegisters.BASE, 2));
        assertEquals(0x0320, ports.read(PmRegisters.BASE + 2, 2));
    }

    @Property
    void anyAccessIsTaken(
            @ForAll @IntRange(max = PmRegisters.PORTS - 1) int offset,
            @ForAll @IntRange(min = 1, max = 8) int width,
            @ForAll long value) {
        PmRegisters registers = new PmRegisters(() -> {});
        registers.write(offset, width, value);
        registers.read(offset, width);
        assertEquals(0, registers.read(PmRegisters.EVENT, 2));
        assertEquals(1, registers.read(PmRegisters.CONTROL, 2));
    }
}
