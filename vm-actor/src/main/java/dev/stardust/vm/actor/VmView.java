package dev.stardust.vm.actor;

/**
 * A VM as its host shows it.
 *
 * @param state label of a {@link VmState}
 * @param sinceMs when it came into that state, milliseconds since the epoch
 * @param worker id of the worker process that holds it, empty when none does
 * @param workerPid its process id, 0 when none does
 */
public record VmView(
        String name, String state, String reason, long epoch, long sinceMs, String worker, long workerPid) {}
