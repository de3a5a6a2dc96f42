package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.vm.worker.RemoteMachine;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * One VM on one host: a thin shell around {@link VmLifecycle}. It lets the host do what a transition needs and tells
 * {@link HostActor} each new state. Machines outlive it: it ends without a word to them when its node ends.
 */
final class VmActor extends AbstractBehavior<VmActor.Command> {
    /** What it can be told. */
    sealed interface Command {}

    /** A user's wish, or a migration's step, as an event of the life cycle. */
    record Apply(VmEvent event, Consumer<VmReply> reply) implements Command {}

    /** Its worker told of its machine. */
    record MachineTold(MachineStatus.Phase phase, String reason) implements Command {}

    /** The epoch under which it goes on, after a migration that came back or was made. */
    record Reseat(VmRecord record) implements Command {}

    /** What a start made. */
    private record Booted(RemoteMachine machine) implements Command {}

    /** A guest whose command ended had time to shut down. */
    record ShutDownLasts() implements Command {}

    private record Happened(VmEvent event) implements Command {}

    private record Deleted(Throwable failure) implements Command {}

    /** What a guest may take to write its disks and to end. */
    private static final Duration SHUT_DOWN_LIMIT = Duration.ofSeconds(10);

    private final VmHost host;
    private final ActorRef<HostActor.Command> parent;
    private VmRecord record;
    private VmState state;
    private RemoteMachine machine;

    /** The end of the machine, once it is asked for. */
    private CompletionStage<Void> ending;

    /** What was told of a machine whose start is not answered yet: a guest may be over before that. */
    private MachineTold toldEarly;

    /** Ends when all that was to be written down is. */
    private CompletionStage<Void> written = CompletableFuture.completedFuture(null);

    private Consumer<VmReply> waiting = reply -> {};

    private VmActor(
            ActorContext<Command> context,
            VmHost host,
            ActorRef<HostActor.Command> parent,
            VmRecord record,
            VmState state,
            RemoteMachine machine) {
        super(context);
        this.host = host;
        this.parent = parent;
        this.record = record;
        this.state = state;
        this.machine = machine;
    }

    /** A new VM: saved, booted, run. */
    static Behavior<Command> start(
            VmHost host, ActorRef<HostActor.Command> parent, VmRecord record, Consumer<VmReply> reply) {
        return Behaviors.setup(context -> {
            VmActor actor = new VmActor(context, host, parent, record, VmState.STARTING, null);
            actor.waiting = reply;
            actor.tell();
            actor.boot();
            return actor;
        });
    }

    /** A VM that is here already: found by a restarted node, at rest, or coming in. */
    static Behavior<Command> resume(
            VmHost host, ActorRef<HostActor.Command> parent, VmRecord record, VmState state, RemoteMachine machine) {
        return Behaviors.setup(context -> {
            VmActor actor = new VmActor(context, host, parent, record, state, machine);
            actor.tell();
            return actor;
        });
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Apply.class, this::onApply)
                .onMessage(MachineTold.class, this::onMachineTold)
                .onMessage(Reseat.class, this::onReseat)
                .onMessage(Booted.class, this::onBooted)
                .onMessage(ShutDownLasts.class, this::onShutDownLasts)
                .onMessage(Happened.class, m -> apply(m.event(), reply -> {}))
                .onMessage(Deleted.class, this::onDeleted)
                .build();
    }

    private Behavior<Command> onApply(Apply message) {
        return apply(message.event(), message.reply());
    }

    private Behavior<Command> onReseat(Reseat message) {
        record = message.record();
        tell();
        return this;
    }

    private Behavior<Command> onMachineTold(MachineTold told) {
        if (state == VmState.STARTING) {
            toldEarly = told;
            return this;
        }
        return switch (told.phase()) {
            case ENDED -> apply(new VmEvent.GuestEnded(told.reason()), reply -> {});
            case FAILED -> apply(new VmEvent.MachineFailed(told.reason()), reply -> {});
            case CREATED, RUNNING, PAUSED -> this;
        };
    }

    private Behavior<Command> onShutDownLasts(ShutDownLasts message) {
        if (state == VmState.STOPPING && ending == null) {
            endMachine();
        }
        return this;
    }

    private void endMachine() {
        ending = machine.destroy();
        pipe(ending, VmEvent.Stopped::new);
    }

    private Behavior<Command> onBooted(Booted booted) {
        machine = booted.machine();
        apply(new VmEvent.Started(), reply -> {});
        return toldEarly == null ? this : onMachineTold(toldEarly);
    }

    private Behavior<Command> apply(VmEvent event, Consumer<VmReply> reply) {
        VmState next = VmLifecycle.next(state, event).orElse(null);
        if (next == null) {
            reply.accept(VmReply.failed(record.name(), ErrorCode.CONFLICT, refusal(event)));
            return this;
        }
        getContext().getLog().info("VM {}: {} -> {} by {}", record.name(), state, next, event);
        state = next;
        record = record.in(next, reason(event));
        if (event instanceof VmEvent.CommandEnded ended) {
            record = record.withExitCode(ended.code());
        } else if (event instanceof VmEvent.StartRequested) {
            record = record.withExitCode(null);
            ending = null;
        }
        tell();
        return enter(event, reply);
    }

    /** Does what the new state asks for. */
    private Behavior<Command> enter(VmEvent event, Consumer<VmReply> reply) {
        switch (state) {
            case STARTING -> {
                waiting = reply;
                boot();
            }
            case STOPPING -> {
                // Who asks for the end of a VM whose command has just ended waits for that with others.
                Consumer<VmReply> before = waiting;
                waiting = before.andThen(reply);
                if (event instanceof VmEvent.CommandEnded) {
                    parent.tell(new HostActor.ShutDownGuest(record.name()));
                    getContext().scheduleOnce(SHUT_DOWN_LIMIT, getContext().getSelf(), new ShutDownLasts());
                } else if (ending == null) {
                    endMachine();
                }
            }
            case RUNNING -> {
                if (event instanceof VmEvent.Started) {
                    answerWaiting(VmReply.done(record.name()));
                }
                saveThen(() -> reply.accept(VmReply.done(record.name())));
            }
            case STOPPED -> {
                if (ending == null) {
                    letGoOfMachine();
                }
                machine = null;
                Consumer<VmReply> asked = takeWaiting();
                VmReply done = VmReply.done(record.name());
                saveThen(() -> {
                    asked.accept(done);
                    reply.accept(done);
                });
            }
            case ENDED, FAILED -> {
                letGoOfMachine();
                Consumer<VmReply> asked = takeWaiting();
                VmReply failed = VmReply.failed(record.name(), ErrorCode.INTERNAL, record.reason());
                saveThen(() -> asked.accept(failed));
            }
            case OUTGOING, INCOMING -> reply.accept(VmReply.done(record.name()));
            case GONE -> {
                waiting = reply;
                RemoteMachine gone = machine;
                machine = null;
                CompletionStage<Void> ended = gone == null
                        ? CompletableFuture.completedFuture(null)
                        : (ending == null ? gone.destroy() : ending).exceptionally(failure -> null);
                getContext()
                        .pipeToSelf(
                                ended.<Void, Void>thenCombine(
                                                written.exceptionally(failure -> null), (done, saved) -> null)
                                        .thenCompose(done -> host.delete(record.name())),
                                (done, failure) -> new Deleted(failure));
            }
        }
        return this;
    }

    private Behavior<Command> onDeleted(Deleted deleted) {
        if (deleted.failure() != null) {
            getContext().getLog().warn("VM {} is gone, but not its files", record.name(), deleted.failure());
        }
        answerWaiting(VmReply.done(record.name()));
        return Behaviors.stopped();
    }

    private void boot() {
        VmRecord now = record;
        toldEarly = null;
        getContext()
                .pipeToSelf(
                        save().thenCompose(saved -> host.boot(now)),
                        (made, failure) -> failure == null
                                ? new Booted(made)
                                : new Happened(new VmEvent.StartFailed(Causes.text(failure))));
    }

    /** The worker frees what an ended machine held; its disks' files stay. */
    private void letGoOfMachine() {
        if (machine != null) {
            RemoteMachine ended = machine;
            machine = null;
            ended.destroy().whenComplete((done, failure) -> getContext()
                    .getSystem()
                    .log()
                    .debug("machine of {} let go: {}", ended.name(), failure == null ? "done" : failure));
        }
    }

    /** States are written down one after the other, so that the last one stays. */
    private CompletionStage<Void> save() {
        VmRecord now = record;
        written = written.exceptionally(failure -> null).thenCompose(done -> host.save(now));
        return written;
    }

    private void saveThen(Runnable then) {
        save().whenComplete((saved, failure) -> {
            if (failure != null) {
                getContext().getSystem().log().warn("cannot write down the state of a VM", failure);
            }
            then.run();
        });
    }

    private void answerWaiting(VmReply reply) {
        takeWaiting().accept(reply);
    }

    /** Who waits now; whoever waits by the time a save is done may have asked for something else. */
    private Consumer<VmReply> takeWaiting() {
        Consumer<VmReply> asked = waiting;
        waiting = ignored -> {};
        return asked;
    }

    private void pipe(CompletionStage<Void> stage, Supplier<VmEvent> done) {
        getContext()
                .pipeToSelf(
                        stage,
                        (ok, failure) -> new Happened(
                                failure == null ? done.get() : new VmEvent.MachineFailed(Causes.text(failure))));
    }

    private void tell() {
        parent.tell(new HostActor.VmChanged(
                new VmView(
                        record.name(),
                        state.label(),
                        record.reason(),
                        record.epoch(),
                        System.currentTimeMillis(),
                        machine == null ? "" : machine.workerId(),
                        machine == null ? 0 : machine.workerPid(),
                        machine == null ? "" : host.hypervisor(record.spec()),
                        GuestView.NONE,
                        record.exitCode()),
                record));
    }

    private String refusal(VmEvent event) {
        String what = event.getClass().getSimpleName();
        return switch (what) {
            case "StopRequested", "StartRequested", "RemoveRequested" ->
                "VM " + record.name() + " is " + state.label() + ": it cannot be "
                        + switch (what) {
                            case "StopRequested" -> "stopped now";
                            case "StartRequested" -> "started now";
                            default -> "removed now; stop it first";
                        };
            case "OutgoingBegun" ->
                "VM " + record.name() + " is " + state.label() + ": only a running VM can be migrated";
            default -> "VM " + record.name() + " is " + state.label() + ": " + what + " does not apply";
        };
    }

    /** Why it is in the state that it comes into. */
    private String reason(VmEvent event) {
        if (event instanceof VmEvent.StartFailed e) {
            return e.reason();
        }
        if (event instanceof VmEvent.GuestEnded e && !(state == VmState.STOPPED && record.exitCode() != null)) {
            return e.reason();
        }
        if (event instanceof VmEvent.CommandEnded e) {
            return e.reason();
        }
        if (event instanceof VmEvent.MachineFailed e) {
            return e.reason();
        }
        // The end of a command is told also once its guest is stopped.
        return state == VmState.STOPPED && record.exitCode() != null && !(event instanceof VmEvent.StopRequested)
                ? record.reason()
                : "";
    }
}
