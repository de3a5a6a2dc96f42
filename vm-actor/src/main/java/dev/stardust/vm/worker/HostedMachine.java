package dev.stardust.vm.worker;

import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.hypervisor.machine.Machine;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.vm.disk.VolumeBlockBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** A machine in its worker, as operations see it. Safe for use by several threads. */
public final class HostedMachine {
    private final CreateMachine spec;
    private final BuiltMachine built;
    private volatile Placement placement;
    private final List<Supplier<CompletionStage<Void>>> beforeDestroy = new ArrayList<>();
    private CompletableFuture<Void> destroyed;

    /** What the node attached to the machine. */
    record Placement(long epoch, String tag) {}

    HostedMachine(CreateMachine spec, BuiltMachine built) {
        this.spec = spec;
        this.built = built;
        this.placement = new Placement(spec.epoch(), spec.tag());
    }

    public String name() {
        return spec.vm();
    }

    /** What it was created from; epoch and tag may have changed since. */
    public CreateMachine spec() {
        return spec;
    }

    public long epoch() {
        return placement.epoch();
    }

    public String tag() {
        return placement.tag();
    }

    public Machine machine() {
        return built.machine();
    }

    /** The machine as what it is here, for example {@code LocalMachine}; throws if it is something else. */
    public <T> T machineAs(Class<T> type) {
        if (!type.isInstance(built.machine())) {
            throw new WorkerException(
                    WorkerException.Code.CONFLICT, name() + " does not run on a " + type.getSimpleName());
        }
        return type.cast(built.machine());
    }

    /** The disks in the order of the spec. */
    public List<BlockBackend> disks() {
        return built.disks();
    }

    /** What the guest wrote to a disk; throws if the disk is read-only or not there. */
    public DeltaVolume delta(int disk) {
        if (disk >= 0
                && disk < disks().size()
                && disks().get(disk) instanceof VolumeBlockBackend backend
                && backend.volume() instanceof DeltaVolume delta) {
            return delta;
        }
        throw new WorkerException(WorkerException.Code.CONFLICT, name() + " has no writable disk " + disk);
    }

    CompletionStage<Void> restoreState(MachineState state) {
        return built.restore().apply(state);
    }

    Placement placement() {
        return placement;
    }

    void place(Placement next) {
        placement = next;
    }

    CompletionStage<MachineInfo> info() {
        return machine().status().thenApply(status -> {
            Placement at = placement;
            return new MachineInfo(name(), at.epoch(), at.tag(), status.phase(), status.reason());
        });
    }

    /**
     * Adds a step that must be over before the machine is destroyed, for example the end of a thread that reads its
     * memory. Its failure does not keep the machine alive.
     *
     * @return false if the machine is being destroyed already: the step will not run
     */
    public synchronized boolean beforeDestroy(Supplier<CompletionStage<Void>> step) {
        return destroyed == null && beforeDestroy.add(step);
    }

    /** Destroys the machine; a second call waits for the first. */
    synchronized CompletableFuture<Void> destroy() {
        if (destroyed == null) {
            CompletableFuture<Void> steps = CompletableFuture.completedFuture(null);
            for (Supplier<CompletionStage<Void>> step : beforeDestroy) {
                steps = steps.thenCompose(done -> step.get()).exceptionally(failure -> null);
            }
            destroyed = steps.thenCompose(done -> machine().destroy());
        }
        return destroyed;
    }
}
