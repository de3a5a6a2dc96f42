package dev.stardust.vm.actor;

/**
 * What a host keeps of a VM in {@code records/NAME/vm.json}, so that a restarted node knows it again.
 *
 * @param name the VM's name
 * @param spec what it is made of
 * @param epoch epoch of its placement on this host
 * @param state the last state that was worth writing down
 * @param reason why it is in that state, for the user
 * @param startedAttempt id of the migration attempt whose guest was started here, empty for a VM that was not migrated
 *     to here; see {@link VmHost#markStarted} for what is written before the guest runs
 * @param arrival the migration that brings or brought it here, null for a VM that was not migrated to here
 * @param exitCode what the command returned that the VM was there for, null while that is not known
 */
public record VmRecord(
        String name,
        ResolvedSpec spec,
        long epoch,
        VmState state,
        String reason,
        String startedAttempt,
        Arrival arrival,
        Integer exitCode) {
    static final String KIND = "stardust-vm";
    static final int VERSION = 1;

    /**
     * A migration to here.
     *
     * @param attempt its id
     * @param bootId the machine's boot during which it came
     */
    public record Arrival(String attempt, String bootId) {}

    /** A VM that did not come by a migration. */
    public static VmRecord of(String name, ResolvedSpec spec, long epoch, VmState state, String reason) {
        return new VmRecord(name, spec, epoch, state, reason, "", null, null);
    }

    /** A VM on its way to here. */
    public static VmRecord incoming(String name, ResolvedSpec spec, long epoch, Arrival arrival) {
        return new VmRecord(name, spec, epoch, VmState.INCOMING, "", "", arrival, null);
    }

    /** In another state. */
    public VmRecord in(VmState newState, String newReason) {
        return new VmRecord(name, spec, epoch, newState, newReason, startedAttempt, arrival, exitCode);
    }

    /** With what its command returned, or null. */
    public VmRecord withExitCode(Integer code) {
        return new VmRecord(name, spec, epoch, state, reason, startedAttempt, arrival, code);
    }

    /** At another epoch. */
    public VmRecord at(long newEpoch) {
        return new VmRecord(name, spec, newEpoch, state, reason, startedAttempt, arrival, exitCode);
    }

    /** Running here for a migration. */
    public VmRecord startedFor(String attempt, long newEpoch) {
        return new VmRecord(name, spec, newEpoch, VmState.RUNNING, "", attempt, arrival, exitCode);
    }

    /**
     * What a record found on disk means. The mark of a started guest is not synced before the guest runs (ADR 4): it
     * outlives every process, but not the machine. So a VM that was on its way in before the machine was started anew
     * counts as started.
     *
     * @param bootId the machine's present boot
     * @param marked whether the mark is there
     */
    VmRecord found(String bootId, boolean marked) {
        return state == VmState.INCOMING
                        && arrival != null
                        && (marked || !arrival.bootId().equals(bootId))
                ? startedFor(arrival.attempt(), epoch)
                : this;
    }
}
