package dev.stardust.vm.actor;

/**
 * A VM as its host shows it.
 *
 * @param state label of a {@link VmState}
 * @param sinceMs when it came into that state, milliseconds since the epoch
 * @param worker id of the worker process that holds it, empty when none does
 * @param workerPid its process id, 0 when none does
 * @param hypervisor what runs it, like "qemu/tcg", empty when no worker holds it
 * @param guest what is known of its guest
 * @param exitCode what the command returned that it was there for, null while that is not known
 */
public record VmView(
        String name,
        String state,
        String reason,
        long epoch,
        long sinceMs,
        String worker,
        long workerPid,
        String hypervisor,
        GuestView guest,
        Integer exitCode) {
    public VmView {
        // What an older version tells.
        guest = guest == null ? GuestView.NONE : guest;
        hypervisor = hypervisor == null ? "" : hypervisor;
    }

    VmView with(GuestView known) {
        return new VmView(name, state, reason, epoch, sinceMs, worker, workerPid, hypervisor, known, exitCode);
    }
}
