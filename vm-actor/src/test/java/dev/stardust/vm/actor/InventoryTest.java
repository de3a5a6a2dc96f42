package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.vm.actor.Inventory.Step;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.worker.MachineInfo;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class InventoryTest {
    private static final ResolvedSpec SPEC = new ResolvedSpec(
            "vm", 64, Cpus.ONE, Boot.TEST_GUEST, List.of(), List.of(), Extras.NONE, null, null, null, false, null);

    private static VmRecord record(VmState state, long epoch) {
        return VmRecord.of("vm", SPEC, epoch, state, "");
    }

    private static MachineInfo machine(Phase phase, long epoch, String tag) {
        return new MachineInfo("vm", epoch, tag, phase, "");
    }

    private static Step plan(VmRecord record, MachineInfo machine, Placement placement) {
        List<Step> steps = Inventory.plan(
                "me",
                record == null ? Map.of() : Map.of("vm", record),
                machine == null ? Map.of() : Map.of("vm", machine),
                placement == null ? Map.of() : Map.of("vm", placement),
                Map.of("vm", SPEC));
        assertEquals(1, steps.size());
        return steps.get(0);
    }

    private static void takenUp(VmState state, boolean machine, Step step) {
        Step.TakeUp up = (Step.TakeUp) step;
        assertEquals(state, up.state());
        assertEquals(machine, up.machine());
    }

    @Test
    void aRunningMachineThatIsPlacedHereIsTakenUp() {
        takenUp(
                VmState.RUNNING,
                true,
                plan(record(VmState.RUNNING, 3), machine(Phase.RUNNING, 3, ""), new Placement("me", 3)));
    }

    @Test
    void aMachineThatIsPlacedElsewhereIsDiscarded() {
        Step discard = new Step.Discard("vm");
        assertEquals(
                discard, plan(record(VmState.RUNNING, 3), machine(Phase.RUNNING, 3, ""), new Placement("other", 4)));
        assertEquals(discard, plan(record(VmState.RUNNING, 3), machine(Phase.RUNNING, 3, ""), null));
    }

    @Test
    void aMachineOfAnOlderEpochIsDiscarded() {
        assertEquals(
                new Step.Discard("vm"),
                plan(record(VmState.RUNNING, 3), machine(Phase.RUNNING, 3, ""), new Placement("me", 5)));
    }

    @Test
    void whatIsInFlightIsLeftToTheMigrationWhateverThePlacement() {
        Placement moved = new Placement("other", 4);
        takenUp(
                VmState.OUTGOING,
                true,
                plan(record(VmState.RUNNING, 3), machine(Phase.PAUSED, 3, MigrationTag.outgoing("{}")), moved));
        takenUp(
                VmState.INCOMING,
                true,
                plan(record(VmState.INCOMING, 4), machine(Phase.PAUSED, 4, MigrationTag.incoming("{}")), moved));
    }

    @Test
    void aVmWhoseWorkerIsGoneHasFailed() {
        Step.TakeUp up = (Step.TakeUp) plan(record(VmState.RUNNING, 3), null, new Placement("me", 3));
        assertEquals(VmState.FAILED, up.state());
        assertEquals(Inventory.DIED, up.record().reason());
    }

    @Test
    void aStoppedVmStaysStopped() {
        takenUp(VmState.STOPPED, false, plan(record(VmState.STOPPED, 3), null, new Placement("me", 3)));
        takenUp(VmState.STOPPED, false, plan(record(VmState.STOPPING, 3), null, new Placement("me", 3)));
    }

    @Test
    void whatCameButNeverRanIsLeftToTheMigration() {
        takenUp(VmState.INCOMING, false, plan(record(VmState.INCOMING, 4), null, new Placement("me", 4)));
    }

    @Test
    void filesOfAVmThatMovedAwayAreDiscarded() {
        assertEquals(new Step.Discard("vm"), plan(record(VmState.RUNNING, 3), null, new Placement("other", 4)));
    }

    @Test
    void aVmThatWasPlacedHereButNeverCameHasFailedAndSaysSo() {
        Step.TakeUp up = (Step.TakeUp) plan(null, null, new Placement("me", 1));
        assertEquals(VmState.FAILED, up.state());
        assertEquals("it was never started here", up.record().reason());
    }

    @Test
    void aMachineNobodyHasARecordOfIsDiscarded() {
        assertEquals(new Step.Discard("vm"), plan(null, machine(Phase.RUNNING, 1, ""), new Placement("me", 1)));
    }
}
