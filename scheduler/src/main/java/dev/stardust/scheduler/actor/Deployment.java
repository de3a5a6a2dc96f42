package dev.stardust.scheduler.actor;

import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Registry;
import dev.stardust.vm.actor.HostActor;
import dev.stardust.vm.actor.VmReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Sees one deployment through: the registry has placed its VMs, the hosts are told to start them. When one cannot be
 * started all are removed again, so that nothing half-made is left.
 */
final class Deployment extends AbstractBehavior<Deployment.Command> {
    private static final Duration START_TIMEOUT = Duration.ofMinutes(2);
    private static final Duration REMOVE_TIMEOUT = Duration.ofSeconds(20);

    sealed interface Command {}

    private record Told(VmReply reply) implements Command {}

    private record Removed(VmReply reply) implements Command {}

    private enum Late implements Command {
        START,
        REMOVE
    }

    private record Undone(Throwable failure) implements Command {}

    private final Registry registry;
    private final Function<String, ActorRef<HostActor.Command>> hosts;
    private final DeploymentPlan plan;
    private final ActorRef<Scheduler.Deployed> replyTo;
    private final TimerScheduler<Command> timers;
    private final List<VmReply> failures = new ArrayList<>();
    private int answers;
    private int removed;
    private boolean undoing;

    private Deployment(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Registry registry,
            Function<String, ActorRef<HostActor.Command>> hosts,
            DeploymentPlan plan,
            ActorRef<Scheduler.Deployed> replyTo) {
        super(context);
        context.setLoggerName(Deployment.class);
        this.timers = timers;
        this.registry = registry;
        this.hosts = hosts;
        this.plan = plan;
        this.replyTo = replyTo;
        ActorRef<VmReply> told = context.messageAdapter(VmReply.class, Told::new);
        for (int i = 0; i < plan.vms().size(); i++) {
            VmEntry vm = plan.vms().get(i);
            hosts.apply(plan.hostOf(i))
                    .tell(new HostActor.StartVm(vm.spec().name(), vm.spec(), DeploymentPlan.FIRST_EPOCH, told));
        }
        timers.startSingleTimer(Late.START, START_TIMEOUT);
    }

    static Behavior<Command> create(
            Registry registry,
            Function<String, ActorRef<HostActor.Command>> hosts,
            DeploymentPlan plan,
            ActorRef<Scheduler.Deployed> replyTo) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new Deployment(context, timers, registry, hosts, plan, replyTo)));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Told.class, this::onTold)
                .onMessage(Removed.class, this::onRemoved)
                .onMessage(Late.class, this::onLate)
                .onMessage(Undone.class, this::onUndone)
                .build();
    }

    private Behavior<Command> onTold(Told told) {
        answers++;
        if (!told.reply().ok()) {
            failures.add(told.reply());
        }
        if (answers < plan.vms().size() || undoing) {
            return this;
        }
        if (failures.isEmpty()) {
            replyTo.tell(new Scheduler.Deployed(null, "", false));
            return Behaviors.stopped();
        }
        return undo();
    }

    private Behavior<Command> undo() {
        undoing = true;
        timers.startSingleTimer(Late.REMOVE, REMOVE_TIMEOUT);
        ActorRef<VmReply> gone = getContext().messageAdapter(VmReply.class, Removed::new);
        for (int i = 0; i < plan.vms().size(); i++) {
            hosts.apply(plan.hostOf(i))
                    .tell(new HostActor.Act(plan.vms().get(i).spec().name(), HostActor.Verb.REMOVE, gone));
        }
        return this;
    }

    private Behavior<Command> onRemoved(Removed message) {
        removed++;
        return removed == plan.vms().size() ? forget() : this;
    }

    private Behavior<Command> onLate(Late late) {
        if (late == Late.START && !undoing) {
            failures.add(new VmReply(
                    "",
                    ErrorCode.TIMEOUT,
                    (plan.vms().size() - answers) + " VMs did not start within " + START_TIMEOUT.toSeconds() + " s"));
            return undo();
        }
        return late == Late.REMOVE ? forget() : this;
    }

    /** A host that did not answer finds out by itself, when it reads the registry, that it has no such VM. */
    private Behavior<Command> forget() {
        timers.cancelAll();
        getContext()
                .pipeToSelf(
                        registry.commit(plan.undo(UUID.randomUUID().toString())),
                        (result, failure) -> new Undone(failure));
        removed = Integer.MIN_VALUE;
        return this;
    }

    private Behavior<Command> onUndone(Undone undone) {
        VmReply first = failures.get(0);
        String all = failures.stream()
                .map(f -> (f.vm().isEmpty() ? "" : f.vm() + ": ") + f.message())
                .reduce((a, b) -> a + "\n" + b)
                .orElseThrow();
        replyTo.tell(Scheduler.Deployed.failed(
                first.code() == null ? ErrorCode.INTERNAL : first.code(),
                all + (undone.failure() == null ? "\nnothing of the deployment was kept" : "")));
        return Behaviors.stopped();
    }
}
