package dev.stardust.ops.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.cluster.protocol.ClusterException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class NatTest {
    @Test
    void networksAreMadeWithTheRightToOnly() {
        assertTrue(Nat.mayMakeNetworks("Name:\tjava\nCapPrm:\t0\nCapEff:\t000001ffffffffff\n"));
        assertTrue(Nat.mayMakeNetworks("CapEff:\t0000000000001000\n"));
        assertFalse(Nat.mayMakeNetworks("CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\n"));
        assertFalse(Nat.mayMakeNetworks(""));
    }

    @Test
    void itIsChosenByName() throws IOException {
        assertTrue(Nat.parse("passt").isPasst());
        assertFalse(Nat.parse("bridge").isPasst());
        assertEquals(Nat.AUTO, Nat.parse("auto"));
        assertTrue(assertThrows(ClusterException.class, () -> Nat.parse("slirp"))
                .getMessage()
                .contains("auto, bridge, passt"));
    }
}
