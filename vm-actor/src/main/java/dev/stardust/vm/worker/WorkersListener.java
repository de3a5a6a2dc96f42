package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;

/** What {@link Workers} tell the node, all on one thread, which must not be blocked. */
public interface WorkersListener {
    /** A machine changed its phase, or was found at another one after the connection had been lost. */
    void machineChanged(MachineInfo machine);

    /**
     * A machine is no more, because its worker died: phase FAILED, the reason to be shown to the user. Nothing is left
     * to be destroyed.
     */
    void machineLost(MachineInfo machine);

    /** A guest broke a device's rules; told now and then only of one that does so again and again. */
    default void deviceFaulted(DeviceFault fault) {}

    /** An event of an operation that another module added. */
    default void workerEvent(String workerId, String name, JsonNode body) {}
}
