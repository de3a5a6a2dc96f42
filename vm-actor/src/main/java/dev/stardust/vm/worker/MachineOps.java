package dev.stardust.vm.worker;

import static dev.stardust.vm.worker.WorkerCodec.fromTree;
import static dev.stardust.vm.worker.WorkerCodec.toTree;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.machine.Machine;
import dev.stardust.hypervisor.machine.MachineListener;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** The operations on machines: the protocol's own and the ones that other modules add. */
final class MachineOps implements AutoCloseable {
    private static final long END_TIMEOUT_MS = 20_000;

    private final MachineTable table;
    private final MachineFactory factory;
    private final Map<String, WorkerOp> extensions;
    private final EventSink events;
    private final Map<String, Function<JsonNode, CompletionStage<JsonNode>>> own;

    /** Building a machine opens files and loads memory, so it has a thread of its own. */
    private final ExecutorService builder = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(null, task, "builder", 512 << 10);
        thread.setDaemon(true);
        return thread;
    });

    MachineOps(MachineTable table, MachineFactory factory, Map<String, WorkerOp> extensions, EventSink events) {
        this.table = table;
        this.factory = factory;
        this.extensions = Map.copyOf(extensions);
        this.events = events;
        this.own = Map.ofEntries(
                entry(Protocol.CREATE, body -> empty(create(body))),
                entry(Protocol.START, body -> empty(create(body).thenCompose(this::run))),
                entry(Protocol.RESUME, body -> empty(machine(body).resume())),
                entry(Protocol.PAUSE, body -> empty(machine(body).pause())),
                entry(
                        Protocol.SAVE_STATE,
                        body -> machine(body).saveState().thenApply(s -> toTree(new Protocol.SavedState(s.bytes())))),
                entry(Protocol.RESTORE_STATE, this::restoreState),
                entry(Protocol.STATUS, this::status),
                entry(Protocol.POWER_BUTTON, body -> empty(machine(body).pressPowerButton())),
                entry(
                        Protocol.DEVICES,
                        body -> machine(body).devices().thenApply(d -> toTree(new Protocol.Devices(d)))),
                entry(Protocol.SET_BALLOON, this::setBalloon),
                entry(Protocol.RESIZE_TERMINAL, this::resizeTerminal),
                entry(Protocol.SET_TAG, this::setTag),
                entry(Protocol.DESTROY, this::destroy));
        for (String name : extensions.keySet()) {
            if (own.containsKey(name) || name.equals(Protocol.HELLO) || name.equals(Protocol.SHUTDOWN)) {
                throw new IllegalArgumentException("the operation " + name + " is there already");
            }
        }
    }

    private static Map.Entry<String, Function<JsonNode, CompletionStage<JsonNode>>> entry(
            String op, Function<JsonNode, CompletionStage<JsonNode>> handler) {
        return Map.entry(op, handler);
    }

    private CompletionStage<JsonNode> status(JsonNode body) {
        return machine(body)
                .status()
                .thenApply(s -> toTree(new Protocol.Status(s.phase(), s.reason(), s.uptimeMs(), s.exits())));
    }

    /** Never throws: every failure is in the stage. */
    CompletionStage<JsonNode> handle(String op, JsonNode body) {
        try {
            Function<JsonNode, CompletionStage<JsonNode>> handler = own.get(op);
            if (handler != null) {
                return handler.apply(body);
            }
            WorkerOp extension = extensions.get(op);
            if (extension == null) {
                throw new WorkerException(WorkerException.Code.UNKNOWN_OP, "this worker has no operation " + op);
            }
            Protocol.Extension request = fromTree(body, Protocol.Extension.class);
            return extension.handle(request.args(), table.get(request.vm(), request.epoch()), events);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** What all machines are doing. */
    CompletionStage<List<MachineInfo>> machines() {
        List<CompletableFuture<MachineInfo>> infos = table.all().stream()
                .map(machine -> machine.info().toCompletableFuture())
                .toList();
        return CompletableFuture.allOf(infos.toArray(CompletableFuture[]::new))
                .thenApply(done -> infos.stream().map(CompletableFuture::join).toList());
    }

    /** Destroys what is left and takes nothing more; completes even if a machine fails to end, or does not in time. */
    CompletionStage<Void> shutdown(boolean force) {
        CompletableFuture<?>[] ends =
                table.close(force).stream().map(this::destroy).toArray(CompletableFuture[]::new);
        return CompletableFuture.allOf(ends)
                .orTimeout(END_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .exceptionally(failure -> null);
    }

    /** Destroys what is left: a process that goes on without this worker must not go on with its guests. */
    @Override
    public void close() {
        shutdown(true).toCompletableFuture().join();
        builder.shutdown();
    }

    private CompletionStage<HostedMachine> create(JsonNode body) {
        CreateMachine spec = fromTree(body, CreateMachine.class);
        table.reserve(spec.vm());
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return add(build(spec));
                    } catch (IOException e) {
                        throw new CompletionException(
                                new WorkerException(WorkerException.Code.MACHINE, e.getMessage(), e));
                    } finally {
                        table.giveUp(spec.vm());
                    }
                },
                builder);
    }

    /** One that cannot run is of no use to who asked for a running one. */
    private CompletionStage<Void> run(HostedMachine machine) {
        return machine.machine().resume().exceptionallyCompose(failure -> destroy(machine)
                .thenCompose(gone -> CompletableFuture.failedFuture(failure)));
    }

    private HostedMachine add(HostedMachine machine) {
        try {
            table.add(machine);
            return machine;
        } catch (RuntimeException e) {
            machine.destroy().join();
            throw e;
        }
    }

    private HostedMachine build(CreateMachine spec) throws IOException {
        // A change of phase before the factory has returned cannot be told yet, and nobody asked for it.
        AtomicReference<HostedMachine> hosted = new AtomicReference<>();
        hosted.set(new HostedMachine(spec, factory.create(spec, new Teller(hosted), events)));
        return hosted.get();
    }

    /** Tells the node of what happens to a machine. */
    private final class Teller implements MachineListener {
        private final AtomicReference<HostedMachine> hosted;

        Teller(AtomicReference<HostedMachine> hosted) {
            this.hosted = hosted;
        }

        @Override
        public void phaseChanged(MachineStatus status) {
            tell(hosted.get(), status);
        }

        @Override
        public void deviceFaulted(String device, String message) {
            HostedMachine machine = hosted.get();
            if (machine != null) {
                events.emit(Protocol.FAULT_EVENT, new DeviceFault(machine.name(), machine.epoch(), device, message));
            }
        }
    }

    private void tell(HostedMachine machine, MachineStatus status) {
        if (machine != null) {
            events.emit(
                    Protocol.MACHINE_EVENT,
                    new MachineInfo(machine.name(), machine.epoch(), machine.tag(), status.phase(), status.reason()));
        }
    }

    private CompletionStage<JsonNode> restoreState(JsonNode body) {
        Protocol.RestoreState request = fromTree(body, Protocol.RestoreState.class);
        HostedMachine machine = table.get(request.vm(), request.epoch());
        if (request.state() == null) {
            throw new WorkerException(WorkerException.Code.BAD_REQUEST, "restoreState: no state");
        }
        return empty(machine.restoreState(new MachineState(request.state())));
    }

    private CompletionStage<JsonNode> setBalloon(JsonNode body) {
        Protocol.SetBalloon request = fromTree(body, Protocol.SetBalloon.class);
        return empty(table.get(request.vm(), request.epoch()).machine().setBalloon(request.targetBytes()));
    }

    private CompletionStage<JsonNode> resizeTerminal(JsonNode body) {
        Protocol.ResizeTerminal request = fromTree(body, Protocol.ResizeTerminal.class);
        return empty(
                table.get(request.vm(), request.epoch()).machine().resizeTerminal(request.columns(), request.rows()));
    }

    private CompletionStage<JsonNode> setTag(JsonNode body) {
        Protocol.SetTag request = fromTree(body, Protocol.SetTag.class);
        HostedMachine machine = table.get(request.vm(), request.epoch());
        if (request.newEpoch() < request.epoch()) {
            throw new WorkerException(WorkerException.Code.BAD_REQUEST, "setTag: an epoch never goes back");
        }
        table.place(machine, new HostedMachine.Placement(request.newEpoch(), CreateMachine.checkedTag(request.tag())));
        return empty(CompletableFuture.completedFuture(null));
    }

    private CompletionStage<JsonNode> destroy(JsonNode body) {
        Protocol.Vm request = fromTree(body, Protocol.Vm.class);
        HostedMachine machine = table.get(request.vm(), request.epoch());
        return empty(destroy(machine));
    }

    private CompletableFuture<Void> destroy(HostedMachine machine) {
        return machine.destroy().thenRun(() -> table.remove(machine));
    }

    private Machine machine(JsonNode body) {
        Protocol.Vm request = fromTree(body, Protocol.Vm.class);
        return table.get(request.vm(), request.epoch()).machine();
    }

    private static CompletionStage<JsonNode> empty(CompletionStage<?> stage) {
        return stage.thenApply(done -> WorkerCodec.emptyBody());
    }
}
