package dev.stardust.hypervisor.machine;

/**
 * What a machine is doing.
 *
 * @param phase where it is in its life
 * @param reason why it is there, empty when there is nothing to say; for {@code ENDED} and {@code FAILED} it is shown to the user
 * @param uptimeMs milliseconds since the machine was first started in this process
 * @param exits vCPU exits to user space so far
 */
public record MachineStatus(Phase phase, String reason, long uptimeMs, long exits) {
    /** Where a machine is in its life. */
    public enum Phase {
        CREATED,
        RUNNING,
        PAUSED,
        /** The guest powered off or asked for a reset. */
        ENDED,
        /** The guest or the VMM did something that cannot go on. */
        FAILED
    }
}
