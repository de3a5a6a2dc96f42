package dev.stardust.chaos.soak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.ToolException;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostileResultsTest {
    private static final String BLK =
            "device=blk, read-only accesses=1 chains=2 answers=3 faults=4 resets=5 worst_turn_ms=6 seconds=7\n";

    @Test
    void devicesAndFaultsAreAddedUp() {
        HostileResults results = HostileResults.parse("noise\n" + BLK + "fault=3 a loop | x\nfault=1 b\n"
                + BLK.replace("blk, read-only", "net") + "fault=4 b\n");
        assertTrue(results.devices().toString().matches("(?s).*\\| blk, read-only +\\| +1 \\|.*\\| net .*"));
        assertTrue(results.faults().toString().matches("(?s).*\\| b +\\| +5 \\|.*"));
        assertEquals(List.of(), results.wrong());
    }

    @Test
    void whatWentWrongIsKept() {
        assertEquals(
                List.of("net: with seed 1"),
                HostileResults.parse(BLK + "wrong=net: with seed 1\n").wrong());
    }

    @Test
    void outputWithoutADeviceIsAnError() {
        assertThrows(ToolException.class, () -> HostileResults.parse("Killed"));
    }
}
