package dev.stardust.chaos.bench.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MemoryUseTest {
    private static final MemoryUse USE = new MemoryUse(4, 1, new Smaps(5000, 1000), 9000);

    @Test
    void guestRamIsNobodysCost() {
        assertEquals(1000, USE.ownKib());
        assertEquals(2000, USE.machineKib());
        assertEquals(250, USE.guestKib());
    }

    @Test
    void theTableHasTheFiguresOfAVm() {
        String table = MemoryPart.table(Map.of("ours", USE)).toString();
        assertTrue(table.contains("| ours     |   4 |         1 | 1000 |    2000 |   250 |"), table);
    }

    @Test
    void availableMemoryIsOneLineOfMany() {
        assertEquals(123, MemoryUse.availableKib(List.of("MemFree: 7 kB", "MemAvailable:    123 kB")));
        assertThrows(IllegalArgumentException.class, () -> MemoryUse.availableKib(List.of("MemFree: 7 kB")));
    }
}
