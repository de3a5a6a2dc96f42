package dev.stardust.migration.actor;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.migration.core.Attempt;
import dev.stardust.migration.core.MachineReport;
import dev.stardust.migration.core.MachineReport.Kind;
import dev.stardust.migration.core.RoundStats;
import dev.stardust.migration.core.WorkerCommand;
import dev.stardust.migration.core.WorkerResult;
import dev.stardust.migration.worker.MigrationOps;
import dev.stardust.vm.actor.BootId;
import dev.stardust.vm.actor.HostActor;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.MigrationTag;
import dev.stardust.vm.actor.ResolvedSpec;
import dev.stardust.vm.actor.VmEvent;
import dev.stardust.vm.actor.VmHost;
import dev.stardust.vm.actor.VmRecord;
import dev.stardust.vm.actor.VmReply;
import dev.stardust.vm.actor.VmState;
import dev.stardust.vm.worker.RemoteMachine;
import dev.stardust.vm.worker.Workers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Does what the cores ask of a real host: its worker processes move the bytes, its {@link HostActor} and files know
 * whose VM it is.
 */
public final class HostDriver implements WorkerDriver {
    private static final Duration QUICK = Duration.ofSeconds(15);
    /** A round may move all of a VM's memory. */
    private static final Duration LONG = Duration.ofMinutes(10);

    private final String self;
    private final Path aeronFolder;
    private final String endpoint;
    private final VmHost vmHost;
    private final Workers workers;
    private final ActorRef<HostActor.Command> host;

    /**
     * A driver.
     *
     * @param self this host's id
     * @param data the node's data folder
     * @param endpoint HOST:PORT, UDP, that other hosts stream to
     */
    public HostDriver(
            String self, Path data, String endpoint, VmHost vmHost, Workers workers, ActorRef<HostActor.Command> host) {
        this.self = self;
        this.aeronFolder = data.resolve("run").resolve("aeron");
        this.endpoint = endpoint;
        this.vmHost = vmHost;
        this.workers = workers;
        this.host = host;
    }

    @Override
    public String offered(String spec) {
        return Json.write(vmHost.made(Json.read(spec, ResolvedSpec.class)));
    }

    @Override
    public CompletionStage<WorkerResult> run(WorkerCommand command) {
        try {
            if (command instanceof WorkerCommand.Inspect c) {
                return inspect(c).thenApply(WorkerResult.Report::new);
            }
            if (command instanceof WorkerCommand.StartSend c) {
                return startSend(c);
            }
            if (command instanceof WorkerCommand.Round c) {
                return machine(c.attempt())
                        .request(MigrationOps.SEND_ROUND, new MigrationOps.Round(c.round()), LONG)
                        .thenApply(HostDriver::round);
            }
            if (command instanceof WorkerCommand.PauseAndFinal c) {
                return machine(c.attempt())
                        .request(MigrationOps.SEND_FINAL, Map.of(), LONG)
                        .thenApply(HostDriver::round);
            }
            if (command instanceof WorkerCommand.ResumeSource c) {
                return resumeSource(c);
            }
            if (command instanceof WorkerCommand.DiscardSource c) {
                return discard(c.attempt(), new VmEvent.OutgoingDone());
            }
            if (command instanceof WorkerCommand.PrepareIncoming c) {
                return prepareIncoming(c);
            }
            if (command instanceof WorkerCommand.ReceiveAndHold c) {
                return machine(c.attempt())
                        .request(MigrationOps.RECEIVE_HOLD, Map.of(), LONG)
                        .thenApply(done -> new WorkerResult.Ok());
            }
            if (command instanceof WorkerCommand.ResumeTarget c) {
                return resumeTarget(c);
            }
            return discard(((WorkerCommand.DiscardIncoming) command).attempt(), new VmEvent.IncomingAborted());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** What the worker and the files say, not what this process remembers. */
    private CompletionStage<MachineReport> inspect(WorkerCommand.Inspect command) {
        Optional<RemoteMachine> found = workers.machine(command.vm());
        if (found.isEmpty()) {
            return vmHost.find(command.vm()).thenApply(record -> absent(command, record));
        }
        RemoteMachine machine = found.get();
        return machine.status().thenApply(status -> present(machine, status));
    }

    private static MachineReport absent(WorkerCommand.Inspect command, Optional<VmRecord> record) {
        String started = record.map(VmRecord::startedAttempt).orElse("");
        boolean ran = !started.isEmpty() && (command.attemptId().isEmpty() || started.equals(command.attemptId()));
        return new MachineReport(ran ? Kind.STARTED_AND_GONE : Kind.NONE, Optional.empty());
    }

    private static MachineReport present(RemoteMachine machine, MachineStatus status) {
        String tag = machine.tag();
        boolean runs = status.phase() != Phase.PAUSED && status.phase() != Phase.CREATED;
        if (MigrationTag.isIncoming(tag)) {
            Kind held = status.phase() == Phase.PAUSED ? Kind.HELD : Kind.INCOMING;
            return new MachineReport(runs ? Kind.RUNNING : held, Optional.of(attempt(tag)));
        }
        if (MigrationTag.isOutgoing(tag)) {
            return new MachineReport(runs ? Kind.RUNNING : Kind.PAUSED, Optional.of(attempt(tag)));
        }
        // A machine of no migration is somebody's running VM, also while a user has it paused for a moment.
        return new MachineReport(Kind.RUNNING, Optional.empty());
    }

    private CompletionStage<WorkerResult> startSend(WorkerCommand.StartSend command) {
        Attempt attempt = command.attempt();
        RemoteMachine machine = machineAt(attempt.vm(), attempt.epoch());
        return step(attempt.vm(), new VmEvent.OutgoingBegun(attempt.id()), null)
                .thenCompose(begun -> machine.setTag(MigrationTag.outgoing(Json.write(attempt))))
                .thenCompose(tagged -> machine.request(
                        MigrationOps.SEND_START,
                        new MigrationOps.SendStart(aeronFolder.toString(), command.session()),
                        QUICK))
                .thenApply(done -> new WorkerResult.Ok());
    }

    private CompletionStage<WorkerResult> resumeSource(WorkerCommand.ResumeSource command) {
        Attempt attempt = command.attempt();
        Optional<RemoteMachine> found = workers.machine(attempt.vm());
        if (found.isEmpty()) {
            return CompletableFuture.failedFuture(
                    new IllegalStateException("the machine of VM " + attempt.vm() + " is gone from this host"));
        }
        RemoteMachine machine = found.get();
        return machine.request(MigrationOps.SEND_STOP, Map.of(), QUICK)
                .thenCompose(stopped -> lookup(attempt.vm()))
                .thenCompose(record -> {
                    VmRecord back = record.orElseThrow(
                                    () -> new IllegalStateException("this host has no record of VM " + attempt.vm()))
                            .at(command.epoch());
                    return vmHost.save(back.in(VmState.RUNNING, ""))
                            .thenCompose(saved -> machine.place(command.epoch(), ""))
                            .thenCompose(placed -> machine.resume())
                            .thenCompose(runs -> stepIfApplies(
                                    attempt.vm(), new VmEvent.OutgoingAborted("the migration did not happen"), back));
                })
                .thenApply(done -> new WorkerResult.Ok());
    }

    private CompletionStage<WorkerResult> prepareIncoming(WorkerCommand.PrepareIncoming command) {
        Attempt attempt = command.attempt();
        VmRecord record = VmRecord.incoming(
                attempt.vm(),
                Json.read(command.spec(), ResolvedSpec.class),
                attempt.epoch() + 1,
                new VmRecord.Arrival(attempt.id(), BootId.current()));
        return lookup(attempt.vm())
                .thenCompose(before -> {
                    if (before.isPresent() || workers.machine(attempt.vm()).isPresent()) {
                        throw new IllegalStateException("host " + self + " holds another copy of VM " + attempt.vm());
                    }
                    return vmHost.save(record);
                })
                .thenCompose(saved -> vmHost.incoming(record, MigrationTag.incoming(Json.write(attempt))))
                .thenCompose(machine -> takeIn(record, machine)
                        .thenCompose(in -> machine.request(
                                MigrationOps.RECEIVE_START,
                                new MigrationOps.ReceiveStart(aeronFolder.toString(), endpoint),
                                QUICK)))
                .thenApply(
                        reply -> new WorkerResult.Session(reply.path("session").asText()));
    }

    /** Written down first: once a guest may have run here nobody takes its VM back. Unsynced, see ADR 4. */
    private CompletionStage<WorkerResult> resumeTarget(WorkerCommand.ResumeTarget command) {
        Attempt attempt = command.attempt();
        RemoteMachine machine = workers.machine(attempt.vm())
                .orElseThrow(() -> new IllegalStateException("the machine of VM " + attempt.vm() + " is gone"));
        return lookup(attempt.vm())
                .thenCompose(record -> {
                    VmRecord now = record.orElseThrow(
                                    () -> new IllegalStateException("this host has no record of VM " + attempt.vm()))
                            .startedFor(attempt.id(), command.epoch());
                    return vmHost.markStarted(attempt.vm())
                            .thenCompose(marked -> machine.resume())
                            .thenCompose(runs -> machine.place(command.epoch(), ""))
                            .thenCompose(placed ->
                                    stepIfApplies(attempt.vm(), new VmEvent.IncomingDone(command.epoch()), now));
                })
                .thenApply(done -> new WorkerResult.Ok());
    }

    /** Ends this attempt's copy, whatever is left of it; a machine without the attempt's tag is left alone. */
    private CompletionStage<WorkerResult> discard(Attempt attempt, VmEvent event) {
        Optional<RemoteMachine> machine = workers.machine(attempt.vm());
        if (machine.isPresent() && !belongsTo(machine.get().tag(), attempt)) {
            return CompletableFuture.completedFuture(new WorkerResult.Ok());
        }
        return lookup(attempt.vm())
                .thenCompose(record -> record.isEmpty()
                        ? leftOver(attempt, event, machine)
                        : stepIfApplies(attempt.vm(), event, null).thenApply(stepped -> (Void) null))
                .thenCompose(stepped ->
                        machine.isPresent() && workers.machine(attempt.vm()).isPresent()
                                ? machine.get().destroy().thenCompose(ended -> vmHost.delete(attempt.vm()))
                                : CompletableFuture.completedFuture(null))
                .thenApply(done -> new WorkerResult.Ok());
    }

    /** A target that failed before its VM was taken in has left files that no actor knows of. */
    private CompletionStage<Void> leftOver(Attempt attempt, VmEvent event, Optional<RemoteMachine> machine) {
        return event instanceof VmEvent.IncomingAborted && machine.isEmpty()
                ? vmHost.delete(attempt.vm())
                : CompletableFuture.completedFuture(null);
    }

    private static boolean belongsTo(String tag, Attempt attempt) {
        return (MigrationTag.isIncoming(tag) || MigrationTag.isOutgoing(tag))
                && attempt(tag).equals(attempt);
    }

    private static Attempt attempt(String tag) {
        return Json.read(MigrationTag.attempt(tag), Attempt.class);
    }

    private RemoteMachine machine(Attempt attempt) {
        return workers.machine(attempt.vm())
                .filter(m -> belongsTo(m.tag(), attempt))
                .orElseThrow(() -> new IllegalStateException(
                        "the machine of VM " + attempt.vm() + " is not part of this migration any more"));
    }

    private RemoteMachine machineAt(String vm, long epoch) {
        return workers.machine(vm)
                .filter(m -> m.epoch() == epoch)
                .orElseThrow(() -> new IllegalStateException("VM " + vm + " does not run here at epoch " + epoch));
    }

    private CompletionStage<Optional<VmRecord>> lookup(String vm) {
        return ask(done -> new HostActor.Lookup(vm, done::complete));
    }

    private CompletionStage<Boolean> takeIn(VmRecord record, RemoteMachine machine) {
        return ask(done -> new HostActor.TakeIn(record, machine, () -> done.complete(true)));
    }

    /** Fails when the VM's life has no such step now. */
    private CompletionStage<VmReply> step(String vm, VmEvent event, VmRecord record) {
        return stepIfApplies(vm, event, record).thenApply(reply -> {
            if (!reply.ok()) {
                throw new IllegalStateException(reply.message());
            }
            return reply;
        });
    }

    /** A step that was made before, by a command that is repeated, is no failure. */
    private CompletionStage<VmReply> stepIfApplies(String vm, VmEvent event, VmRecord record) {
        return ask(done -> new HostActor.Step(vm, event, record, done::complete));
    }

    private <T> CompletionStage<T> ask(Function<CompletableFuture<T>, HostActor.Command> message) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        host.tell(message.apply(answer));
        return answer.orTimeout(QUICK.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
    }

    private static WorkerResult round(JsonNode reply) {
        return new WorkerResult.Round(Json.read(reply.toString(), RoundStats.class));
    }
}
