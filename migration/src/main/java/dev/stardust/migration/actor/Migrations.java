package dev.stardust.migration.actor;

import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Registry;
import dev.stardust.migration.core.Attempt;
import dev.stardust.migration.core.Effect;
import dev.stardust.migration.core.Event;
import dev.stardust.migration.core.MachineReport;
import dev.stardust.migration.core.MigrationCore;
import dev.stardust.migration.core.MigrationLimits;
import dev.stardust.migration.core.MigrationPhase;
import dev.stardust.migration.core.MigrationRecord;
import dev.stardust.migration.core.MigrationRouting;
import dev.stardust.migration.core.MigrationSourceCore;
import dev.stardust.migration.core.MigrationTargetCore;
import dev.stardust.migration.core.PeerMessage;
import dev.stardust.migration.core.WorkerCommand;
import dev.stardust.migration.core.WorkerResult;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * All migrations of one host, to it and from it: a thin shell around the cores, at most one a VM. Known as {@code
 * /user/migrations}.
 */
public final class Migrations extends AbstractBehavior<Migrations.Command> {
    /** The name under which a node spawns it. */
    public static final String NAME = "migrations";

    private static final Duration LOOK_EVERY = Duration.ofSeconds(3);

    /** What it can be told. */
    public interface Command {}

    /**
     * Move a VM that is on this host.
     *
     * @param spec what the target's host needs to make its machine
     */
    public record Migrate(Attempt attempt, String spec, ActorRef<Answer> replyTo) implements Command, ClusterMessage {}

    /** Whether the migration has begun. */
    public record Answer(ErrorCode code, String message) implements ClusterMessage {}

    /** How far is it? */
    public record GetProgress(String attempt, ActorRef<MigrationProgress> replyTo) implements Command, ClusterMessage {}

    /** From here on only this node itself. A worker said that the guest of an outgoing machine stands still. */
    public record GuestPaused(String vm) implements Command {}

    /** A worker died, and the VM's machine with it. */
    public record MachineLost(String vm, String reason) implements Command {}

    private record CoreEvent(Run run, Event event) implements Command {}

    private record Look() implements Command {}

    private record Found(String vm, MachineReport report) implements Command {}

    /** A core at work. */
    private static final class Run {
        private final MigrationCore core;
        private final String vm;
        private final String attempt;
        private final boolean source;

        Run(MigrationCore core, String vm, String attempt, boolean source) {
            this.core = core;
            this.vm = vm;
            this.attempt = attempt;
            this.source = source;
        }
    }

    private final ActorRef<Command> me;
    private final TimerScheduler<Command> timers;
    private final String self;
    private final Registry registry;
    private final WorkerDriver worker;
    private final Function<String, ActorRef<Command>> peers;
    private final Supplier<Set<String>> localVms;
    private final MigrationLimits limits;
    private final Map<String, Run> runs = new HashMap<>();
    private final Map<Run, Set<String>> timerNames = new HashMap<>();
    private final ProgressBook book = new ProgressBook();

    private Migrations(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            String self,
            Registry registry,
            WorkerDriver worker,
            Function<String, ActorRef<Command>> peers,
            Supplier<Set<String>> localVms,
            MigrationLimits limits) {
        super(context);
        // Behind timers the class is not found by itself, and its lines would go where the library's go.
        context.setLoggerName(Migrations.class);
        this.me = context.getSelf();
        this.timers = timers;
        this.self = self;
        this.registry = registry;
        this.worker = worker;
        this.peers = peers;
        this.localVms = localVms;
        this.limits = limits;
        timers.startTimerWithFixedDelay(new Look(), LOOK_EVERY);
    }

    /**
     * The migrations of a host.
     *
     * @param self the host's id
     * @param peers finds the migrations of another host
     * @param localVms names of the VMs of which this host holds anything; read again and again for what a dead node
     *     process left behind
     */
    public static Behavior<Command> create(
            String self,
            Registry registry,
            WorkerDriver worker,
            Function<String, ActorRef<Command>> peers,
            Supplier<Set<String>> localVms,
            MigrationLimits limits) {
        return Behaviors.setup(context -> Behaviors.withTimers(
                timers -> new Migrations(context, timers, self, registry, worker, peers, localVms, limits)));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Migrate.class, this::onMigrate)
                .onMessage(GetProgress.class, this::onGetProgress)
                .onMessage(PeerWire.class, this::onPeerWire)
                .onMessage(GuestPaused.class, this::onGuestPaused)
                .onMessage(MachineLost.class, this::onMachineLost)
                .onMessage(CoreEvent.class, m -> feed(m.run(), m.event()))
                .onMessage(Look.class, m -> onLook())
                .onMessage(Found.class, this::onFound)
                .build();
    }

    private Behavior<Command> onMigrate(Migrate m) {
        if (runs.containsKey(m.attempt().vm())) {
            m.replyTo()
                    .tell(new Answer(
                            ErrorCode.CONFLICT,
                            "VM " + m.attempt().vm() + " is being migrated already: wait until that is over"));
            return this;
        }
        book.open(m.attempt().id());
        m.replyTo().tell(new Answer(null, ""));
        return begin(
                MigrationSourceCore.start(m.attempt(), worker.offered(m.spec()), limits),
                m.attempt().vm(),
                m.attempt().id(),
                true);
    }

    private Behavior<Command> onGetProgress(GetProgress m) {
        m.replyTo().tell(book.read(m.attempt()));
        return this;
    }

    private Behavior<Command> onPeerWire(PeerWire wire) {
        PeerMessage message = wire.message().orElse(null);
        if (message == null) {
            return this;
        }
        Attempt attempt = message.attempt();
        Run run = runs.get(attempt.vm());
        switch (MigrationRouting.route(message, run != null)) {
            case TO_CORE -> {
                if (message instanceof PeerMessage.Running && run.source) {
                    book.runsAgain(run.attempt);
                }
                feed(run, new Event.Peer(message));
            }
            case NEW_TARGET ->
                begin(
                        MigrationTargetCore.start((PeerMessage.Offer) message, limits),
                        attempt.vm(),
                        attempt.id(),
                        false);
            case RECOVER_TARGET ->
                begin(MigrationTargetCore.recover(attempt, limits), attempt.vm(), attempt.id(), false);
            case DROP -> getContext().getLog().debug("no migration for {}", wire.kind());
        }
        return this;
    }

    private Behavior<Command> onGuestPaused(GuestPaused m) {
        Run run = runs.get(m.vm());
        if (run != null) {
            book.paused(run.attempt);
            feed(run, new Event.GuestPaused());
        }
        return this;
    }

    private Behavior<Command> onMachineLost(MachineLost m) {
        Run run = runs.get(m.vm());
        return run == null ? this : feed(run, new Event.WorkerLost(m.reason()));
    }

    /** Level-triggered recovery: whatever a node process that died has left behind is found sooner or later. */
    private Behavior<Command> onLook() {
        Set<String> vms = new HashSet<>(localVms.get());
        for (Entry entry : registry.local("migrations/")) {
            String vm = entry.key().substring("migrations/".length());
            if (record(vm)
                    .filter(r -> r.state() == MigrationRecord.State.OPEN
                            && r.attempt().source().equals(self))
                    .isPresent()) {
                vms.add(vm);
            }
        }
        for (String vm : vms) {
            if (!runs.containsKey(vm)) {
                worker.run(new WorkerCommand.Inspect(vm, "")).whenComplete((result, failure) -> {
                    if (failure == null && result instanceof WorkerResult.Report report) {
                        me.tell(new Found(vm, report.report()));
                    }
                });
            }
        }
        return this;
    }

    private Behavior<Command> onFound(Found m) {
        boolean busy = runs.containsKey(m.vm());
        switch (MigrationRouting.recovery(self, record(m.vm()), m.report(), busy)) {
            case SOURCE -> {
                String attempt = m.report().attempt().map(Attempt::id).orElse("");
                begin(MigrationSourceCore.recover(self, m.vm(), limits), m.vm(), attempt, true);
            }
            case TARGET -> {
                Attempt attempt = m.report().attempt().orElseThrow();
                begin(MigrationTargetCore.recover(attempt, limits), m.vm(), attempt.id(), false);
            }
            case NONE -> {}
        }
        return this;
    }

    private Optional<MigrationRecord> record(String vm) {
        try {
            return registry.localGet(MigrationRecord.key(vm)).map(e -> MigrationRecord.parse(vm, e.value()));
        } catch (IllegalArgumentException e) {
            getContext().getLog().warn("the registry's record of a migration cannot be read", e);
            return Optional.empty();
        }
    }

    private Behavior<Command> begin(MigrationCore core, String vm, String attempt, boolean source) {
        Run run = new Run(core, vm, attempt, source);
        runs.put(vm, run);
        timerNames.put(run, new HashSet<>());
        getContext().getLog().info("VM {}: {} of migration {}", vm, source ? "source" : "target", attempt);
        return feed(run, new Event.Start());
    }

    private Behavior<Command> feed(Run run, Event event) {
        if (event instanceof Event.WorkerDone done
                && done.command() instanceof WorkerCommand.PauseAndFinal
                && done.result() instanceof WorkerResult.Round last) {
            book.round(run.attempt, last.stats(), true);
        }
        if (runs.get(run.vm) == run) {
            for (Effect effect : run.core.on(event)) {
                apply(run, effect);
            }
        }
        return this;
    }

    private void apply(Run run, Effect effect) {
        if (effect instanceof Effect.CommitTxn e) {
            registry.commit(e.txn())
                    .whenComplete((result, failure) -> later(
                            run,
                            failure == null
                                    ? new Event.TxnDone(e.txn().requestId(), result.applied(), result.revision())
                                    : new Event.TxnUnknown(e.txn().requestId())));
        } else if (effect instanceof Effect.ReadRegistry e) {
            registry.read(e.key())
                    .whenComplete((entries, failure) -> later(
                            run,
                            failure == null
                                    ? new Event.RegistryRead(
                                            e.readId(),
                                            entries.stream()
                                                    .filter(x -> x.key().equals(e.key()))
                                                    .findFirst())
                                    : new Event.RegistryReadFailed(e.readId())));
        } else if (effect instanceof Effect.Tell e) {
            peers.apply(e.host()).tell(PeerWire.of(e.message()));
        } else if (effect instanceof Effect.Worker e) {
            command(run, e.command());
        } else if (effect instanceof Effect.SetTimer e) {
            timers.startSingleTimer(
                    timerKey(run, e.name()),
                    new CoreEvent(run, new Event.Timer(e.name())),
                    Duration.ofMillis(e.delayMs()));
            timerNames.get(run).add(e.name());
        } else if (effect instanceof Effect.Report e) {
            report(run, e);
        } else if (effect instanceof Effect.RoundReport e) {
            book.round(run.attempt, e.stats(), false);
        } else if (effect instanceof Effect.Finished e) {
            finish(run, e);
        }
    }

    private void command(Run run, WorkerCommand command) {
        worker.run(command).whenComplete((result, failure) -> {
            if (failure != null) {
                later(run, new Event.WorkerFailed(command, Causes.text(failure)));
                return;
            }
            later(run, new Event.WorkerDone(command, result));
        });
        if (command instanceof WorkerCommand.DiscardSource) {
            book.runsAgain(run.attempt);
        }
    }

    private void report(Run run, Effect.Report report) {
        getContext().getLog().info("VM {}: migration {} {}", run.vm, report.phase(), report.detail());
        if (run.source) {
            book.phase(run.attempt, report);
            if (report.phase() == MigrationPhase.DISCARDING) {
                book.runsAgain(run.attempt);
            }
        }
    }

    private void finish(Run run, Effect.Finished finished) {
        getContext().getLog().info("VM {}: migration ended {} {}", run.vm, finished.outcome(), finished.reason());
        if (run.source) {
            book.ended(run.attempt, finished);
        }
        runs.remove(run.vm);
        timerNames.remove(run).forEach(name -> timers.cancel(timerKey(run, name)));
    }

    private void later(Run run, Event event) {
        me.tell(new CoreEvent(run, event));
    }

    private static Object timerKey(Run run, String name) {
        return Map.entry(System.identityHashCode(run) + "/" + run.vm, name);
    }
}
