package dev.stardust.hypervisor.machine;

/** Hears of a machine's phases and of faults of its guest. */
@FunctionalInterface
public interface MachineListener {
    /**
     * The machine came into another phase. Calls come in order, one at a time, on a thread of the machine: they must
     * not wait for it, but may call its asynchronous methods.
     */
    void phaseChanged(MachineStatus status);

    /**
     * The guest's driver broke a device's rules, and the device stopped until it is reset. Called on a thread that serves
     * the guest: it must return soon. A guest that does so again and again is told of now and then only; how often it did
     * is in {@link Machine#devices}.
     *
     * @param device the device's name, such as {@code disk 0}
     * @param message what the driver did
     */
    default void deviceFaulted(String device, String message) {}
}
