package dev.stardust.vm.actor;

import dev.stardust.vm.worker.RemoteMachine;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** What a VM's actor has done on its host: files, chunks, worker processes. Nothing here blocks the caller. */
public interface VmHost {
    /** Writes down what the host keeps of the VM; durable when the stage completes. */
    CompletionStage<Void> save(VmRecord record);

    /**
     * Writes down that the guest of a VM on its way in is about to run. The mark outlives every process when the stage
     * completes, but not the machine: see {@link VmRecord#found}.
     */
    CompletionStage<Void> markStarted(String vm);

    /** What is written down of the VM, if anything. Fails when it cannot be read. */
    CompletionStage<Optional<VmRecord>> find(String vm);

    /**
     * Makes a machine and lets it run: chunks fetched, extent maps written, disks opened, and the kernel loaded or the
     * base's state restored.
     */
    CompletionStage<RemoteMachine> boot(VmRecord record);

    /** Makes a machine that takes a migration in: as {@link #boot}, without kernel or state, and it does not run yet. */
    CompletionStage<RemoteMachine> incoming(VmRecord record, String tag);

    /**
     * The spec of a VM that is here with its networks as this host made them, so that another can go on with them.
     * Returns at once.
     */
    ResolvedSpec made(ResolvedSpec spec);

    /** What runs such a VM here, like "kvm" or "qemu/tcg"; empty if nothing does. Returns at once. */
    String hypervisor(ResolvedSpec spec);

    /** Deletes all that the host keeps of the VM, and the networks it made for it. */
    CompletionStage<Void> delete(String vm);

    /** Deletes a named volume with all in it; one that is not there is deleted already. No VM may use it. */
    CompletionStage<Void> deleteVolume(String volume);
}
