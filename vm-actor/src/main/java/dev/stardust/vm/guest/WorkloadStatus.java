package dev.stardust.vm.guest;

/**
 * What became of the command that a guest is there for.
 *
 * @param pid its process in the guest, 0 for none
 * @param code what it returned, 0 to 255
 * @param signal the signal that ended it, 0 for none
 */
public record WorkloadStatus(State state, long pid, int code, int signal) {
    /** Where it is. */
    public enum State {
        NONE,
        RUNNING,
        EXITED
    }

    /** How it ended. */
    public ExitStatus exit() {
        return signal > 0 ? ExitStatus.killed(signal) : ExitStatus.returned(code);
    }
}
