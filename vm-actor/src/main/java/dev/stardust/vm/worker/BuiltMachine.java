package dev.stardust.vm.worker;

import dev.stardust.hypervisor.machine.Machine;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * What a {@link MachineFactory} made.
 *
 * @param restore puts a saved state into the machine, which was created without a kernel
 * @param disks the machine's disks in order; the machine closes them when it is destroyed
 */
record BuiltMachine(Machine machine, Function<MachineState, CompletionStage<Void>> restore, List<BlockBackend> disks) {
    BuiltMachine {
        disks = List.copyOf(disks);
    }
}
