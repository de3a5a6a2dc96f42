package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's worker processes. They outlive the node process: {@link #open} finds those that run and their machines.
 * Methods may be called from any thread; the state is kept by one thread.
 */
public final class Workers implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Workers.class);
    private static final String SHARED_PREFIX = "w-";
    private static final String STRICT_PREFIX = "strict-";
    private static final Duration END_TIMEOUT = Duration.ofSeconds(30);

    private final WorkerSettings settings;
    private final WorkersListener listener;
    private final WorkerLauncher launcher;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Slot> slots = new HashMap<>();
    private final Map<String, RemoteMachine> machines = new ConcurrentHashMap<>();
    private final WorkersLoop loop = new WorkersLoop();

    /** What this class keeps about a worker. {@code unwanted} are VMs whose creation was reported as failed. */
    private static final class Slot {
        final boolean strict;
        final CompletableFuture<Void> ready = new CompletableFuture<>();
        final CompletableFuture<Void> gone = new CompletableFuture<>();
        final Map<String, MachineInfo> machines = new HashMap<>();
        final Set<String> unwanted = new HashSet<>();
        WorkerHandle handle;
        int creating;
        boolean ending;

        Slot(boolean strict) {
            this.strict = strict;
        }

        int load() {
            return machines.size() + creating;
        }
    }

    private Workers(WorkerSettings settings, WorkersListener listener, WorkerLauncher launcher) {
        this.settings = settings;
        this.listener = listener;
        this.launcher = launcher;
    }

    /**
     * Finds the workers in the folder. Completes when each has answered, or refused, or turned out to be dead; the
     * machines of dead ones have been reported as lost by then and their folders removed.
     */
    public static CompletionStage<Workers> open(WorkerSettings settings, WorkersListener listener) {
        return open(settings, listener, WorkerLauncher.processes());
    }

    /** As {@link #open(WorkerSettings, WorkersListener)}, with new workers made by {@code launcher}. */
    public static CompletionStage<Workers> open(
            WorkerSettings settings, WorkersListener listener, WorkerLauncher launcher) {
        Workers workers = new Workers(settings, listener, launcher);
        return workers.call(workers::scan).thenApply(done -> workers);
    }

    /**
     * Builds a machine in a worker with room, or in a new one.
     *
     * @param strict whether the worker may hold no other VM
     */
    public CompletionStage<RemoteMachine> create(CreateMachine spec, boolean strict) {
        return make(Protocol.CREATE, spec, strict);
    }

    /** As {@link #create}, and lets it run: in one request, since each costs as much time as some of the building. */
    public CompletionStage<RemoteMachine> start(CreateMachine spec, boolean strict) {
        return make(Protocol.START, spec, strict);
    }

    private CompletionStage<RemoteMachine> make(String op, CreateMachine spec, boolean strict) {
        return call(() -> {
            if (machines.containsKey(spec.vm())) {
                throw new WorkerException(
                        WorkerException.Code.CONFLICT, "VM " + spec.vm() + " runs on this host already");
            }
            Slot slot = strict ? spawn(spec) : slotWithRoom();
            slot.creating++;
            return slot.ready
                    .thenCompose(ready -> slot.handle.request(op, spec))
                    .handleAsync((reply, failure) -> created(slot, spec, failure), loop);
        });
    }

    /** The machine of that VM, if it runs on this host. */
    public Optional<RemoteMachine> machine(String vm) {
        return Optional.ofNullable(machines.get(vm));
    }

    /** All machines on this host. */
    public List<RemoteMachine> machines() {
        return List.copyOf(machines.values());
    }

    /** Names of the VMs whose machines are on this host. */
    public Set<String> vms() {
        return Set.copyOf(machines.keySet());
    }

    /** Lets go of the workers, which live on with their VMs. */
    @Override
    public void close() {
        loop.execute(() -> {
            slots.values().forEach(slot -> slot.handle.close());
            loop.shutdown();
        });
    }

    /**
     * Ends all workers; with {@code force} also those that hold VMs, which are destroyed. Completes when their processes
     * are gone; one that does not end in time is killed.
     */
    public CompletionStage<Void> shutdown(boolean force) {
        return call(() -> CompletableFuture.allOf(List.copyOf(slots.values()).stream()
                .filter(slot -> force || slot.load() == 0)
                .map(slot -> end(slot, force))
                .toArray(CompletableFuture[]::new)));
    }

    /** A machine was destroyed through its handle. */
    CompletionStage<Void> destroyed(RemoteMachine machine) {
        return call(() -> {
            Slot slot = slots.get(machine.workerId());
            if (slot != null && machines.remove(machine.name(), machine)) {
                slot.machines.remove(machine.name());
                endIfIdle(slot);
            }
            return CompletableFuture.completedFuture(null);
        });
    }

    /** Runs a step on the workers thread; what it throws fails the stage. */
    private <T> CompletableFuture<T> call(Supplier<CompletionStage<T>> step) {
        return CompletableFuture.supplyAsync(step, loop).thenCompose(stage -> stage);
    }

    private CompletableFuture<Void> scan() {
        List<CompletableFuture<Void>> found = new ArrayList<>();
        if (Files.isDirectory(settings.workersDir())) {
            try (Stream<Path> folders = Files.list(settings.workersDir())) {
                for (Path folder : folders.filter(Files::isDirectory).toList()) {
                    found.add(adopt(folder));
                }
            } catch (IOException e) {
                throw new WorkerException(
                        WorkerException.Code.INTERNAL, "cannot look for running workers: " + e.getMessage(), e);
            }
        }
        return CompletableFuture.allOf(found.toArray(CompletableFuture[]::new));
    }

    private CompletableFuture<Void> adopt(Path folder) {
        Optional<ProcessId> process = WorkerProcess.find(folder);
        if (process.isEmpty()) {
            bury(folder, "the worker process died");
            return CompletableFuture.completedFuture(null);
        }
        Slot slot = add(
                folder,
                folder.getFileName().toString().startsWith(STRICT_PREFIX),
                new WorkerChild(process.orElseThrow(), null));
        try {
            // Known before the worker answers, so that none is started a second time if it never does.
            for (MachineTable.Held held : MachineTable.left(folder)) {
                know(slot, new MachineInfo(held.vm(), held.epoch(), "", Phase.RUNNING, ""));
            }
        } catch (IOException e) {
            log.warn("cannot read which VMs {} holds: {}", folder, e.getMessage());
        }
        expectReady(slot, () -> {});
        return CompletableFuture.anyOf(slot.ready.exceptionally(failure -> null), slot.gone)
                .thenApply(done -> null);
    }

    private Slot add(Path folder, boolean strict, RunningWorker worker) {
        Slot slot = new Slot(strict);
        slot.handle = new WorkerHandle(folder, settings, loop, new Watch(slot), worker);
        slots.put(slot.handle.id(), slot);
        slot.handle.connect();
        return slot;
    }

    private Slot slotWithRoom() {
        for (Slot slot : slots.values()) {
            if (hasRoom(slot)) {
                return slot;
            }
        }
        return spawn(null);
    }

    private void expectReady(Slot slot, Runnable otherwise) {
        loop.later(settings.startTimeout(), () -> {
            if (slot.ready.completeExceptionally(new WorkerException(
                    WorkerException.Code.TIMEOUT,
                    "worker " + slot.handle.id() + " did not answer within "
                            + settings.startTimeout().toSeconds() + " s; the end of its log: "
                            + WorkerProcess.logTail(slot.handle.folder())))) {
                otherwise.run();
            }
        });
    }

    private boolean hasRoom(Slot slot) {
        return !slot.strict
                && !slot.ending
                && !slot.ready.isCompletedExceptionally()
                && slot.load() < settings.maxMachines();
    }

    /** A new worker: for this VM only, or a shared one when it is null. */
    private Slot spawn(CreateMachine only) {
        boolean strict = only != null;
        byte[] id = new byte[4];
        random.nextBytes(id);
        Path folder = settings.workersDir()
                .resolve((strict ? STRICT_PREFIX : SHARED_PREFIX)
                        + HexFormat.of().formatHex(id));
        try {
            Slot slot = add(folder, strict, launcher.start(settings, folder, only));
            expectReady(slot, () -> {
                slot.ending = true;
                slot.handle.process().kill();
            });
            return slot;
        } catch (IOException e) {
            throw new WorkerException(WorkerException.Code.INTERNAL, e.getMessage(), e);
        }
    }

    private RemoteMachine created(Slot slot, CreateMachine spec, Throwable failure) {
        slot.creating--;
        if (failure != null) {
            WorkerException cause = WorkerException.of(failure);
            if (cause.code() == WorkerException.Code.TIMEOUT || cause.code() == WorkerException.Code.LOST) {
                // It may be there all the same, and nobody would ever use it.
                destroyUnwanted(slot, spec.vm(), spec.epoch());
            }
            endIfIdle(slot);
            throw cause;
        }
        return know(slot, new MachineInfo(spec.vm(), spec.epoch(), spec.tag(), Phase.CREATED, ""));
    }

    private RemoteMachine know(Slot slot, MachineInfo info) {
        slot.machines.putIfAbsent(info.vm(), info);
        slot.unwanted.remove(info.vm());
        RemoteMachine machine = machines.computeIfAbsent(
                info.vm(), vm -> new RemoteMachine(this, slot.handle, vm, info.epoch(), info.tag()));
        machine.update(info);
        return machine;
    }

    /** An empty worker is kept only if there would be no other with room. */
    private void endIfIdle(Slot slot) {
        if (slot.load() == 0
                && !slot.ending
                && slot.ready.isDone()
                && (slot.strict || slots.values().stream().anyMatch(other -> other != slot && hasRoom(other)))) {
            WorkersLoop.unattended(end(slot, false));
        }
    }

    private void destroyUnwanted(Slot slot, String vm, long epoch) {
        slot.unwanted.add(vm);
        WorkersLoop.unattended(slot.handle.request(Protocol.DESTROY, new Protocol.Vm(vm, epoch)));
    }

    private CompletableFuture<Void> end(Slot slot, boolean force) {
        if (slot.ending) {
            return slot.gone;
        }
        slot.ending = true;
        WorkersLoop.unattended(slot.handle
                .request(Protocol.SHUTDOWN, new Protocol.Shutdown(force))
                .whenCompleteAsync((reply, failure) -> afterShutdown(slot, force, failure), loop));
        loop.later(END_TIMEOUT, () -> {
            if (slot.ending && !slot.gone.isDone()) {
                slot.handle.process().kill();
            }
        });
        return slot.gone;
    }

    private static void afterShutdown(Slot slot, boolean force, Throwable failure) {
        if (failure == null) {
            return;
        }
        if (WorkerException.of(failure).code() == WorkerException.Code.CONFLICT) {
            slot.ending = false;
        } else if (force) {
            slot.handle.process().kill();
        }
    }

    /** Reports what a dead worker held and removes its folder. */
    private void bury(Path folder, String reason) {
        try {
            for (MachineTable.Held held : MachineTable.left(folder)) {
                machines.remove(held.vm());
                listener.machineLost(new MachineInfo(held.vm(), held.epoch(), "", Phase.FAILED, reason));
            }
            FileTree.delete(folder);
        } catch (IOException e) {
            log.warn("cannot remove {}: {}", folder, e.getMessage());
        }
    }

    /** What happens to one worker. */
    private final class Watch implements WorkerHandle.Observer {
        private final Slot slot;

        Watch(Slot slot) {
            this.slot = slot;
        }

        @Override
        public void connected(WorkerHandle worker, Protocol.HelloReply hello) {
            Set<String> missing = new HashSet<>(slot.machines.keySet());
            for (MachineInfo info : hello.machines()) {
                missing.remove(info.vm());
                if (slot.unwanted.contains(info.vm())) {
                    destroyUnwanted(slot, info.vm(), info.epoch());
                    continue;
                }
                MachineInfo before = slot.machines.put(info.vm(), info);
                know(slot, info);
                if (slot.ready.isDone() && !info.equals(before)) {
                    listener.machineChanged(info);
                }
            }
            for (String vm : missing) {
                MachineInfo info = slot.machines.remove(vm);
                machines.remove(vm);
                listener.machineLost(new MachineInfo(
                        vm, info.epoch(), info.tag(), Phase.FAILED, "it is no longer in worker " + worker.id()));
            }
            slot.ready.complete(null);
        }

        @Override
        public void event(WorkerHandle worker, String name, JsonNode body) {
            switch (name) {
                case Protocol.MACHINE_EVENT -> {
                    MachineInfo info = WorkerCodec.fromTree(body, MachineInfo.class);
                    slot.machines.replace(info.vm(), info);
                    listener.machineChanged(info);
                }
                case Protocol.FAULT_EVENT -> listener.deviceFaulted(WorkerCodec.fromTree(body, DeviceFault.class));
                default -> listener.workerEvent(worker.id(), name, body);
            }
        }

        @Override
        public void died(WorkerHandle worker, String reason) {
            String logTail = WorkerProcess.logTail(worker.folder());
            slots.remove(worker.id());
            if (!slot.ending) {
                log.warn("{}; the end of its log:\n{}", reason, logTail);
            }
            bury(worker.folder(), reason);
            machines.keySet().removeAll(slot.machines.keySet());
            slot.ready.completeExceptionally(new WorkerException(
                    WorkerException.Code.LOST, reason + " before it was ready; the end of its log: " + logTail));
            slot.gone.complete(null);
        }

        @Override
        public void refused(WorkerHandle worker, WorkerException why) {
            if (slot.ready.completeExceptionally(why)) {
                log.error("worker {} cannot be used: {}", worker.id(), why.getMessage());
            }
        }
    }
}
