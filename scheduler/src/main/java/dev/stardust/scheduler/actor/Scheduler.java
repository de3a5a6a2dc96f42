package dev.stardust.scheduler.actor;

import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Registry;
import dev.stardust.vm.actor.HostActor;
import java.util.ArrayDeque;
import java.util.List;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * Decides where VMs go. One is on every node; only the one on the registry's leader decides, one deployment after the
 * other, and every decision is conditional on its term. Known as {@code /user/scheduler}.
 */
public final class Scheduler extends AbstractBehavior<Scheduler.Command> {
    /** The name under which a node spawns it. */
    public static final String NAME = "scheduler";

    /** What it can be told. */
    public sealed interface Command {}

    /**
     * Deploy these VMs, all or none.
     *
     * @param deployment name of the deployment, empty for a VM that is run alone
     */
    public record Deploy(String deployment, List<VmEntry> vms, ActorRef<Deployed> replyTo)
            implements Command, ClusterMessage {
        public Deploy {
            vms = List.copyOf(vms);
        }
    }

    /**
     * What became of it.
     *
     * @param code what kind of failure, null when every VM runs
     * @param message what happened, for the user
     * @param elsewhere whether this node does not lead: ask the leader
     */
    public record Deployed(ErrorCode code, String message, boolean elsewhere) implements ClusterMessage {
        /** Whether every VM runs. */
        public boolean ok() {
            return code == null && !elsewhere;
        }

        static Deployed failed(ErrorCode code, String message) {
            return new Deployed(code, message, false);
        }
    }

    private record Planned(Deploy deploy, DeploymentPlan plan, Throwable failure) implements Command {}

    private final Registry registry;
    private final Function<String, ActorRef<HostActor.Command>> hosts;
    private final Queue<Deploy> queue = new ArrayDeque<>();
    private boolean deciding;

    private Scheduler(
            ActorContext<Command> context, Registry registry, Function<String, ActorRef<HostActor.Command>> hosts) {
        super(context);
        this.registry = registry;
        this.hosts = hosts;
    }

    /**
     * A scheduler.
     *
     * @param hosts finds the {@link HostActor} of a host by its id
     */
    public static Behavior<Command> create(Registry registry, Function<String, ActorRef<HostActor.Command>> hosts) {
        return Behaviors.setup(context -> new Scheduler(context, registry, hosts));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Deploy.class, this::onDeploy)
                .onMessage(Planned.class, this::onPlanned)
                .build();
    }

    private Behavior<Command> onDeploy(Deploy deploy) {
        queue.add(deploy);
        return decideNext();
    }

    /** One at a time: each decision sees what the one before it took. */
    private Behavior<Command> decideNext() {
        while (!deciding && !queue.isEmpty()) {
            Deploy deploy = queue.remove();
            OptionalLong term = registry.leaderTerm();
            if (term.isEmpty()) {
                deploy.replyTo().tell(new Deployed(null, "not the leader", true));
            } else {
                deciding = true;
                getContext()
                        .pipeToSelf(
                                decide(deploy, term.getAsLong()),
                                (plan, failure) -> new Planned(deploy, plan, failure));
            }
        }
        return this;
    }

    private CompletionStage<DeploymentPlan> decide(Deploy deploy, long term) {
        return registry.read("")
                .thenCombine(registry.leases(), ClusterPicture::of)
                .thenCompose(picture -> {
                    DeploymentPlan plan = DeploymentPlan.of(picture, deploy.deployment(), deploy.vms());
                    return registry.commit(plan.txn(UUID.randomUUID().toString(), term))
                            .thenCompose(result -> result.applied()
                                    ? CompletableFuture.completedFuture(plan)
                                    : CompletableFuture.failedFuture(new ClusterException(
                                            ErrorCode.CONFLICT,
                                            "the cluster changed meanwhile (a name was taken, or another node leads now): try"
                                                    + " again")));
                });
    }

    private Behavior<Command> onPlanned(Planned planned) {
        deciding = false;
        Deploy deploy = planned.deploy();
        if (planned.failure() == null) {
            getContext().spawnAnonymous(Deployment.create(registry, hosts, planned.plan(), deploy.replyTo()));
        } else {
            Throwable cause = Causes.of(planned.failure());
            deploy.replyTo()
                    .tell(
                            cause instanceof ClusterException e
                                    ? Deployed.failed(e.code(), e.getMessage())
                                    : Deployed.failed(ErrorCode.TIMEOUT, String.valueOf(cause.getMessage())));
        }
        return decideNext();
    }
}
