package dev.stardust.vm.actor;

/**
 * What a host keeps of a VM in {@code vms/NAME/vm.json}, so that a restarted node knows it again.
 *
 * @param name the VM's name
 * @param spec what it is made of
 * @param epoch epoch of its placement on this host
 * @param state the last state that was worth writing down
 * @param reason why it is in that state, for the user
 * @param startedAttempt id of the migration attempt whose guest was started here, empty for a VM that was not migrated
 *     to here; written before the guest runs, so that nobody takes a VM back that may have run
 */
public record VmRecord(
        String name, ResolvedSpec spec, long epoch, VmState state, String reason, String startedAttempt) {
    static final String KIND = "stardust-vm";
    static final int VERSION = 1;

    /** In another state. */
    public VmRecord in(VmState newState, String newReason) {
        return new VmRecord(name, spec, epoch, newState, newReason, startedAttempt);
    }

    /** At another epoch. */
    public VmRecord at(long newEpoch) {
        return new VmRecord(name, spec, newEpoch, state, reason, startedAttempt);
    }

    /** Running here for a migration. */
    public VmRecord startedFor(String attempt, long newEpoch) {
        return new VmRecord(name, spec, newEpoch, VmState.RUNNING, "", attempt);
    }
}
