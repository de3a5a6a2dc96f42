package dev.stardust.hypervisor.machine;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * One virtual machine, wherever it runs: in this process ({@code KvmMachine}) or in a worker process. Whoever drives a
 * VM does so through this interface alone. Every call returns at once; the stage completes when the step is done, or
 * fails with a {@link MachineException} whose text tells the user what failed.
 */
public interface Machine {
    /** The name of the VM this machine runs. */
    String name();

    /** Starts a created machine, or lets a paused one go on. Running already is no error. */
    CompletionStage<Void> resume();

    /** Stops all vCPUs and drains the devices; afterwards guest memory and disks do not change. */
    CompletionStage<Void> pause();

    /** Asks the guest's operating system to shut down. Whether it does shows in {@link #status}. */
    CompletionStage<Void> pressPowerButton();

    /** The device and vCPU state of a paused machine, without memory. */
    CompletionStage<MachineState> saveState();

    /** What the machine is doing. */
    CompletionStage<MachineStatus> status();

    /** Its virtio devices in the order of their slots. */
    CompletionStage<List<DeviceReport>> devices();

    /**
     * Asks the guest to give that much of its memory up in all, by its balloon; it does so as it can. Refused if it has no
     * balloon, or not so much memory.
     */
    CompletionStage<Void> setBalloon(long targetBytes);

    /** Tells the guest that the terminal at its virtio console has another size; refused if it has none. */
    CompletionStage<Void> resizeTerminal(int columns, int rows);

    /** Ends the machine, flushes its disks and frees everything it held. */
    CompletionStage<Void> destroy();
}
