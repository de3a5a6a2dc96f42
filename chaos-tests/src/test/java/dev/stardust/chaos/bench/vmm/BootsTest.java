package dev.stardust.chaos.bench.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.bench.vmm.Boots.Boot;
import java.util.List;
import org.junit.jupiter.api.Test;

class BootsTest {
    private static final String NOTES = "61234 ms, stardust up_us=9000000 exits=250, c up_us=4000000 exits=300,"
            + " c-memfd up_us=4100000 exits=301, stardust up_us=5000000 exits=242, c up_us=4000000 exits=299,"
            + " c-memfd up_us=4200000 exits=300";

    @Test
    void notesAreReadInOrder() {
        Boots boots = Boots.parse(NOTES);
        assertEquals(List.of(new Boot(9_000_000, 250), new Boot(5_000_000, 242)), boots.of("stardust"));
        assertEquals(new Boot(4_200_000, 300), boots.of("c-memfd").get(1));
    }

    @Test
    void aContenderThatIsMissingIsAnError() {
        assertThrows(ToolException.class, () -> Boots.parse("12 ms").of("c"));
        assertThrows(ToolException.class, () -> Boots.parse("12 ms, c up_us=1 exits=2")
                .of("c"));
    }

    @Test
    void theFirstBootDoesNotCount() {
        String table = BootPart.table(Boots.parse(NOTES)).toString();
        assertTrue(table.contains("| Stardust |     1 |      5000 | 5000 |  5000 |  9000 | 1.25 |   242 |"), table);
        assertTrue(table.contains("| C, memfd |     1 |      4200 | 4200 |  4200 |  4100 | 1.05 |   300 |"), table);
    }
}
