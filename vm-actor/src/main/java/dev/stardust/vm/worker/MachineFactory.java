package dev.stardust.vm.worker;

import dev.stardust.hypervisor.machine.MachineListener;
import java.io.IOException;

/** Builds the machines of a worker. */
@FunctionalInterface
interface MachineFactory {
    /**
     * Builds a machine in phase CREATED; may block. On failure nothing half-made is left.
     *
     * @param listener told what happens to it, on any thread; does not block
     * @param events takes what parts of it have to tell the node
     */
    BuiltMachine create(CreateMachine spec, MachineListener listener, EventSink events) throws IOException;
}
