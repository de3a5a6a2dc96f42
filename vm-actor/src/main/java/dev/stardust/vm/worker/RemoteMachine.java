package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.machine.DeviceReport;
import dev.stardust.hypervisor.machine.Machine;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * A machine in a worker process. It stays valid while connections to the worker come and go; when the worker is dead
 * every call fails. Stages complete on the connection's thread: do little there.
 */
public final class RemoteMachine implements Machine {
    private final Workers workers;
    private final WorkerHandle worker;
    private final String name;
    private volatile long epoch;
    private volatile String tag;

    RemoteMachine(Workers workers, WorkerHandle worker, String name, long epoch, String tag) {
        this.workers = workers;
        this.worker = worker;
        this.name = name;
        this.epoch = epoch;
        this.tag = tag;
    }

    @Override
    public String name() {
        return name;
    }

    public long epoch() {
        return epoch;
    }

    /** What was last attached by {@link CreateMachine#tag} or {@link #place}. */
    public String tag() {
        return tag;
    }

    public String workerId() {
        return worker.id();
    }

    /** The worker's process id. */
    public long workerPid() {
        return worker.process().pid();
    }

    @Override
    public CompletionStage<Void> resume() {
        return step(Protocol.RESUME, vm());
    }

    @Override
    public CompletionStage<Void> pause() {
        return step(Protocol.PAUSE, vm());
    }

    @Override
    public CompletionStage<Void> pressPowerButton() {
        return step(Protocol.POWER_BUTTON, vm());
    }

    @Override
    public CompletionStage<MachineState> saveState() {
        return machine(Protocol.SAVE_STATE, vm())
                .thenApply(body -> new MachineState(
                        WorkerCodec.fromTree(body, Protocol.SavedState.class).state()));
    }

    /** Puts a saved state into a machine that was created without a kernel; {@link #resume} lets it go on then. */
    public CompletionStage<Void> restoreState(MachineState state) {
        return step(Protocol.RESTORE_STATE, new Protocol.RestoreState(name, epoch, state.bytes()));
    }

    @Override
    public CompletionStage<MachineStatus> status() {
        return machine(Protocol.STATUS, vm()).thenApply(body -> WorkerCodec.fromTree(body, Protocol.Status.class)
                .status());
    }

    @Override
    public CompletionStage<List<DeviceReport>> devices() {
        return machine(Protocol.DEVICES, vm()).thenApply(body -> WorkerCodec.fromTree(body, Protocol.Devices.class)
                .devices());
    }

    @Override
    public CompletionStage<Void> setBalloon(long targetBytes) {
        return step(Protocol.SET_BALLOON, new Protocol.SetBalloon(name, epoch, targetBytes));
    }

    @Override
    public CompletionStage<Void> resizeTerminal(int columns, int rows) {
        return step(Protocol.RESIZE_TERMINAL, new Protocol.ResizeTerminal(name, epoch, columns, rows));
    }

    /** Attaches a new tag, kept by the worker and told to a restarted node. */
    public CompletionStage<Void> setTag(String newTag) {
        return place(epoch, newTag);
    }

    /** Attaches a new epoch, not lower than the present one, and a tag; requests of the old epoch are refused then. */
    public CompletionStage<Void> place(long newEpoch, String newTag) {
        return step(Protocol.SET_TAG, new Protocol.SetTag(name, epoch, newEpoch, newTag))
                .thenRun(() -> {
                    epoch = newEpoch;
                    tag = newTag;
                });
    }

    @Override
    public CompletionStage<Void> destroy() {
        return step(Protocol.DESTROY, vm()).thenCompose(done -> workers.destroyed(this));
    }

    /**
     * Asks for an operation that another module added to the worker.
     *
     * @param args a record or tree
     * @return the reply's body; fails with a {@link WorkerException}
     */
    public CompletionStage<JsonNode> request(String op, Object args, Duration timeout) {
        return worker.request(op, new Protocol.Extension(name, epoch, WorkerCodec.toTree(args)), timeout);
    }

    /** Takes over what the worker said, which is right even where it was told so by an earlier node process. */
    void update(MachineInfo info) {
        epoch = info.epoch();
        tag = info.tag();
    }

    private Protocol.Vm vm() {
        return new Protocol.Vm(name, epoch);
    }

    private CompletionStage<Void> step(String op, Object body) {
        return machine(op, body).thenApply(reply -> null);
    }

    private CompletionStage<JsonNode> machine(String op, Object body) {
        return worker.request(op, body).handle((reply, failure) -> {
            if (failure == null) {
                return reply;
            }
            WorkerException cause = WorkerException.of(failure);
            throw new MachineException(cause.getMessage(), cause);
        });
    }
}
