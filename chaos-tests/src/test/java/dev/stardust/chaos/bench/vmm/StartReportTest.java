package dev.stardust.chaos.bench.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.bench.vmm.StartBench.Figures;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StartReportTest {
    private static final Guest GUEST = new Guest("a guest", Path.of("guest.elf"), "");

    @Test
    void theFigureIsFoundAmongOtherLines() {
        assertEquals(2073, ProcessStarter.figure("warning\nfirst_line_us=2073\n"));
        assertThrows(ToolException.class, () -> ProcessStarter.figure("first_line_us=-1\n"));
    }

    @Test
    void ratiosAreOfMedians() {
        Map<String, Figures> results = new LinkedHashMap<>();
        results.put("ours", new Figures(90_000, List.of(3000.0, 2000.0, 9000.0)));
        results.put("C", new Figures(5000, List.of(2000.0)));
        results.put("QEMU", new Figures(50_000, List.of(30_000.0)));
        String table = StartReport.table(results, "C", "QEMU").toString();
        assertTrue(table.contains("| ours |      3.00 |  2.00 |  9.00 | 90.00 |  1.50 |    0.10 |"), table);
    }

    @Test
    void everyContenderStartsEveryRoundAndTheFirstRoundsDoNotCount() throws IOException {
        List<String> order = new ArrayList<>();
        Starter one = counting("one", order);
        Starter two = counting("two", order);
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        Map<String, Figures> results = new StartBench(List.of(one, two), nowhere).run(GUEST, 4);
        assertEquals(2 * (StartBench.WARM_UP + 4), order.size());
        assertEquals(List.of("one", "two"), List.copyOf(results.keySet()));
        // The figures are the numbers of the calls: those of the warm-up are gone, the first is kept apart.
        assertEquals(4, results.get("one").us().size());
        assertEquals(1, results.get("one").firstUs());
        assertTrue(results.get("two").us().stream().allMatch(us -> us > 2 * StartBench.WARM_UP));
        // In turns: each is first in half of the rounds.
        assertEquals(order.get(0), order.get(3));
        assertEquals(order.get(1), order.get(2));
    }

    private static Starter counting(String name, List<String> order) {
        return new Starter() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public double firstLineUs(Guest guest) {
                order.add(name);
                return order.size();
            }
        };
    }
}
