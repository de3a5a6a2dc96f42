package dev.stardust.ops.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

final class GuestLogTest {
    @Test
    void heartbeatsDigestAndComplaintsAreRead() {
        GuestLog log = GuestLog.parse(
                """
                disk sha256=ab bytes=1 ms=2
                ready
                hb n=1 t_ms=500 units=9 gap_us=70 errors=0 disk_wrote=3 disk_checked=2 disk_errors=0
                error page 7
                hb n=2 t_ms=1000 units=9 gap_us=80 errors=1 disk_wrote=3 disk_checked=2 disk_errors=2
                """);
        assertTrue(log.ready());
        assertEquals(Optional.of("ab"), log.diskSha256());
        assertEquals(new GuestLog.Heartbeat(2, 1000, 80, 3, 3, 2), log.last().orElseThrow());
        assertEquals(List.of("error page 7"), log.complaints());
    }

    @Test
    void aLineWithoutItsEndIsLeftOut() {
        GuestLog log = GuestLog.parse("hb n=1 t_ms=5\nhb n=2");
        assertEquals(1, log.heartbeats().size());
        assertFalse(log.ready());
    }

    @Property
    void anythingCanBeRead(@ForAll String text) {
        GuestLog log = GuestLog.parse(text);
        assertEquals(log.heartbeats().isEmpty(), log.last().isEmpty());
    }
}
