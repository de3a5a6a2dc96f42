package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.Extras;
import java.util.List;
import org.junit.jupiter.api.Test;

class VmRecordTest {
    private static final ResolvedSpec SPEC = new ResolvedSpec(
            "vm", 64, Cpus.ONE, Boot.TEST_GUEST, List.of(), List.of(), Extras.NONE, null, null, null, false, null);
    private static final VmRecord COMING =
            VmRecord.incoming("vm", SPEC, 4, new VmRecord.Arrival("attempt-1", "boot-1"));

    @Test
    void aGuestOnItsWayInHasNotStarted() {
        assertEquals(COMING, COMING.found("boot-1", false));
    }

    @Test
    void aMarkedGuestHasStarted() {
        VmRecord found = COMING.found("boot-1", true);
        assertEquals("attempt-1", found.startedAttempt());
        assertEquals(VmState.RUNNING, found.state());
        assertEquals(4, found.epoch());
    }

    @Test
    void afterTheMachineWasStartedAnewAMissingMarkSaysNothing() {
        assertEquals("attempt-1", COMING.found("boot-2", false).startedAttempt());
    }

    @Test
    void whatIsNotOnItsWayInIsLeftAsItIs() {
        for (VmState state : List.of(VmState.RUNNING, VmState.STOPPED, VmState.FAILED, VmState.OUTGOING)) {
            VmRecord record = COMING.in(state, "");
            assertEquals(record, record.found("boot-2", true));
        }
        VmRecord never = VmRecord.of("vm", SPEC, 1, VmState.INCOMING, "");
        assertEquals(never, never.found("boot-2", true));
    }
}
