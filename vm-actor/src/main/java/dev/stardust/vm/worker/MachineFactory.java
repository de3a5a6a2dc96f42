package dev.stardust.vm.worker;

import dev.stardust.hypervisor.machine.MachineStatus;
import java.io.IOException;
import java.util.function.Consumer;

/** Builds the machines of a worker. */
@FunctionalInterface
interface MachineFactory {
    /**
     * Builds a machine in phase CREATED; may block. On failure nothing half-made is left.
     *
     * @param onChange told of each change of phase, on any thread; does not block
     */
    BuiltMachine create(CreateMachine spec, Consumer<MachineStatus> onChange) throws IOException;
}
