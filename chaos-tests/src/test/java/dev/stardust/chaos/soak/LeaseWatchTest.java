package dev.stardust.chaos.soak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeaseWatchTest {
    private static JsonNode hosts(String... states) throws IOException {
        StringBuilder json = new StringBuilder("[");
        for (int i = 0; i < states.length; i++) {
            json.append(i == 0 ? "" : ",")
                    .append("{\"name\":\"node-" + (i + 1) + "\",\"state\":\"" + states[i] + "\"}");
        }
        return new ObjectMapper().readTree(json.append(']').toString());
    }

    @Test
    void allAliveIsNothingToTell() throws IOException {
        LeaseWatch watch = new LeaseWatch(3);
        watch.look("node-1", hosts("alive", "alive", "alive"));
        watch.unanswered();
        assertEquals(List.of(), watch.seen());
        assertEquals(2, watch.looks());
        assertEquals(1, watch.notAnswered());
    }

    @Test
    void aDeadOrAMissingHostIsTold() throws IOException {
        LeaseWatch watch = new LeaseWatch(3);
        watch.look("node-1", hosts("alive", "dead", "alive"));
        watch.look("node-2", hosts("alive", "alive"));
        assertEquals(List.of("node-1 says that node-2 is dead", "node-2 knows 2 hosts, not 3"), watch.seen());
    }

    @Test
    void logLinesOfEndedLeasesAreFound() {
        List<String> log = List.of(
                "10:00 WARN lease hosts/a ended: expired",
                "10:00 INFO the cluster has ended the lease hosts/a",
                "10:00 WARN a renewal of hosts/a is not confirmed: timeout",
                "10:00 WARN ending lease hosts/a failed, looking again: x");
        assertEquals(log.subList(0, 2), LeaseWatch.ended(log));
        assertEquals(1, LeaseWatch.late(log));
    }

    @Test
    void memoryIsReadFromTheRollup() {
        assertEquals(
                12_345,
                ProcessUse.pssKib(List.of(
                        "55d0-7ffd ---p 00000000 [rollup]", "Rss:  20000 kB", "Pss:  12345 kB", "Pss_Dirty: 77 kB")));
        assertThrows(IllegalArgumentException.class, () -> ProcessUse.pssKib(List.of("Rss: 1 kB")));
    }
}
