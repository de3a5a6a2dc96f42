package dev.stardust.chaos.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.ops.demo.GuestLog;
import org.junit.jupiter.api.Test;

class GuestVerdictTest {
    private static String beat(int n, int gapUs, int errors, int checked) {
        return "hb n=" + n + " t_ms=" + n * 200 + " units=1 gap_us=" + gapUs + " max_gap_us=9 wrote_mib=1 ws_pass=0"
                + " checked=1 errors=" + errors + " disk_wrote=" + checked + " disk_checked=" + checked
                + " disk_errors=0\n";
    }

    private static GuestVerdict judge(String log) {
        return GuestVerdict.of(GuestLog.parse("ready\n" + log), 1, 2, 4);
    }

    @Test
    void theDowntimeIsTheLargestGapFromTheLastBeatBeforeToTheSecondAfter() {
        GuestVerdict v = judge(beat(1, 900_000, 0, 1)
                + beat(2, 70, 0, 2)
                + beat(3, 5_000, 0, 2)
                + beat(4, 60, 0, 3)
                + beat(5, 800_000, 0, 3));
        assertEquals(new GuestVerdict(5_000, 70, ""), v);
        assertTrue(v.right());
    }

    @Test
    void anErrorOfTheGuestsOwnCheckIsWrong() {
        GuestVerdict v = judge(beat(2, 1, 0, 2) + beat(3, 1, 0, 3) + beat(4, 1, 1, 4));
        assertEquals("the guest counts 1 errors", v.wrong());
    }

    @Test
    void aComplaintIsWrong() {
        GuestVerdict v = judge(beat(2, 1, 0, 2) + "panic: no memory\n" + beat(3, 1, 0, 3) + beat(4, 1, 0, 4));
        assertEquals("panic: no memory", v.wrong());
    }

    @Test
    void aMissingHeartbeatIsWrong() {
        assertEquals(
                "heartbeat 4 follows 2",
                judge(beat(2, 1, 0, 2) + beat(4, 1, 0, 4)).wrong());
    }

    @Test
    void aHeartbeatThatComesTwiceIsWrong() {
        assertEquals(
                "heartbeat 3 follows 3",
                judge(beat(2, 1, 0, 2) + beat(3, 1, 0, 2) + beat(3, 1, 0, 3) + beat(4, 1, 0, 4))
                        .wrong());
    }

    @Test
    void aGuestThatFallsSilentIsWrong() {
        assertEquals(
                "heartbeats end at 3, not at 4",
                judge(beat(2, 1, 0, 2) + beat(3, 1, 0, 3)).wrong());
        assertEquals("heartbeats end at none, not at 4", judge("").wrong());
    }

    @Test
    void aDiskThatIsNotReadBackIsWrong() {
        GuestVerdict v = judge(beat(2, 1, 0, 2) + beat(3, 1, 0, 2) + beat(4, 1, 0, 2));
        assertEquals("no disk block was read back since", v.wrong());
    }
}
