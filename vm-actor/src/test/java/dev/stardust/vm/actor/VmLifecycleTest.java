package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class VmLifecycleTest {
    private static final List<VmEvent> ALL = List.of(
            new VmEvent.Started(),
            new VmEvent.StartFailed("x"),
            new VmEvent.StopRequested(),
            new VmEvent.Stopped(),
            new VmEvent.StartRequested(),
            new VmEvent.RemoveRequested(),
            new VmEvent.GuestEnded("x"),
            new VmEvent.MachineFailed("x"),
            new VmEvent.OutgoingBegun("a"),
            new VmEvent.OutgoingAborted("x"),
            new VmEvent.OutgoingDone(),
            new VmEvent.IncomingDone(2),
            new VmEvent.IncomingAborted());

    private static VmState walk(VmState from, VmEvent... events) {
        VmState state = from;
        for (VmEvent event : events) {
            state = VmLifecycle.next(state, event).orElseThrow();
        }
        return state;
    }

    private static void refused(VmState state, VmEvent event) {
        assertEquals(Optional.empty(), VmLifecycle.next(state, event), state + " and " + event);
    }

    @Test
    void aVmStartsStopsStartsAgainAndIsRemoved() {
        assertEquals(
                VmState.GONE,
                walk(
                        VmState.STARTING,
                        new VmEvent.Started(),
                        new VmEvent.StopRequested(),
                        new VmEvent.Stopped(),
                        new VmEvent.StartRequested(),
                        new VmEvent.Started(),
                        new VmEvent.RemoveRequested()));
    }

    @Test
    void aVmWhoseCommandHasEndedMayBeStoppedMeanwhile() {
        assertEquals(
                VmState.STOPPED,
                walk(
                        VmState.RUNNING,
                        new VmEvent.CommandEnded("x", 0),
                        new VmEvent.StopRequested(),
                        new VmEvent.StopRequested(),
                        new VmEvent.GuestEnded("x")));
    }

    @Test
    void aVmInMigrationTakesNoUsersWishes() {
        for (VmState inFlight : List.of(VmState.OUTGOING, VmState.INCOMING)) {
            refused(inFlight, new VmEvent.StopRequested());
            refused(inFlight, new VmEvent.StartRequested());
            refused(inFlight, new VmEvent.RemoveRequested());
            refused(inFlight, new VmEvent.OutgoingBegun("b"));
        }
    }

    @Test
    void onlyARunningVmCanLeave() {
        for (VmState state : VmState.values()) {
            assertEquals(
                    state == VmState.RUNNING,
                    VmLifecycle.next(state, new VmEvent.OutgoingBegun("a")).isPresent(),
                    state.name());
        }
    }

    @Test
    void aMigrationThatDidNotHappenLeavesTheVmRunning() {
        assertEquals(
                VmState.RUNNING,
                walk(VmState.RUNNING, new VmEvent.OutgoingBegun("a"), new VmEvent.OutgoingAborted("x")));
        assertEquals(VmState.GONE, walk(VmState.INCOMING, new VmEvent.IncomingAborted()));
    }

    @Test
    void aFailedVmKeepsItsDisksAndMayStartAgain() {
        assertEquals(
                VmState.STARTING,
                walk(VmState.RUNNING, new VmEvent.MachineFailed("worker died"), new VmEvent.StartRequested()));
    }

    @Test
    void nothingHappensToAVmThatIsGone() {
        ALL.forEach(event -> refused(VmState.GONE, event));
    }

    @Test
    void aStoppedVmIsNotEndedBySomethingLate() {
        refused(VmState.STOPPED, new VmEvent.GuestEnded("late"));
        refused(VmState.STOPPED, new VmEvent.Started());
    }
}
