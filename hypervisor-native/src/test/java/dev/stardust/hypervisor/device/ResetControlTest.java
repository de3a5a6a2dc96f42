package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ResetControlTest {
    private int resets;
    private final Bus ports = new Bus("ports");

    ResetControlTest() {
        ports.add(ResetControl.BASE, ResetControl.PORTS, new ResetControl(() -> resets++));
    }

    @Test
    void bitTwoOfTheRegisterResets() {
        ports.write(0xcf9, 1, 2);
        ports.write(0xcfd, 1, 4);
        assertEquals(0, resets);
        ports.write(0xcf9, 1, 6);
        assertEquals(1, resets);
    }

    @Test
    void whoLooksForPciFindsNoneAndResetsNothing() {
        ports.write(0xcf8, 4, 0x8000_ff00L);
        assertEquals(0xffff_ffffL, ports.read(0xcf8, 4));
        assertEquals(0xffff, ports.read(0xcfc, 2));
        ports.write(0xcf8, 2, 0xffff);
        ports.write(0xcfc, 4, 0xffff_ffffL);
        assertEquals(0, resets);
    }
}
