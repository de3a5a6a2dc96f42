package dev.stardust.hypervisor.machine;

/** Hears of a machine's phases. */
@FunctionalInterface
public interface MachineListener {
    /**
     * The machine came into another phase. Calls come in order, one at a time, on a thread of the machine: they must
     * not wait for it, but may call its asynchronous methods.
     */
    void phaseChanged(MachineStatus status);
}
