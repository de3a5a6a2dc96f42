package dev.stardust.cluster.membership;

import dev.stardust.cluster.protocol.WireTypes;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.pekko.Done;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.BootstrapSetup;
import org.apache.pekko.actor.setup.ActorSystemSetup;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's actor system, started again in the same process whenever it ends by itself: because the cluster downed it,
 * or others had quarantined it. What must outlive that (machines, registry, HTTP) lies outside of it.
 *
 * @param <T> messages of the guardian
 */
public final class ClusterNode<T> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterNode.class);
    private static final long RETRY_MS = 1_000;
    private static final long STOP_S = 30;

    private final HostAddress self;
    private final Supplier<List<Address>> seedNodes;
    private final WireTypes types;
    private final HostVerdicts verdicts;
    private final Supplier<Behavior<T>> guardian;
    private ActorSystem<T> system;
    private int starts;
    private boolean closed;

    private ClusterNode(
            HostAddress self,
            Supplier<List<Address>> seedNodes,
            WireTypes types,
            HostVerdicts verdicts,
            Supplier<Behavior<T>> guardian) {
        this.self = self;
        this.seedNodes = seedNodes;
        this.types = types;
        this.verdicts = verdicts;
        this.guardian = guardian;
    }

    /**
     * Starts the first actor system; joining the cluster goes on in the background.
     *
     * @param seedNodes asked at each start, see {@link HostDirectory#seedNodes}
     * @param guardian makes the behaviour of {@code /user} at each start
     */
    public static <T> ClusterNode<T> start(
            HostAddress self,
            Supplier<List<Address>> seedNodes,
            WireTypes types,
            HostVerdicts verdicts,
            Supplier<Behavior<T>> guardian) {
        ClusterNode<T> node = new ClusterNode<>(self, seedNodes, types, verdicts, guardian);
        node.startSystem();
        return node;
    }

    /** The system that runs now; it may end at any time and be followed by another. */
    public synchronized ActorSystem<T> system() {
        return system;
    }

    /** The same as Pekko's classic API sees it. */
    public org.apache.pekko.actor.ActorSystem classicSystem() {
        return Adapter.toClassic(system());
    }

    /** How often an actor system was started, 1 at first. */
    public synchronized int starts() {
        return starts;
    }

    private synchronized void startSystem() {
        if (closed) {
            return;
        }
        ActorSystemSetup setup = ActorSystemSetup.create(
                BootstrapSetup.create(PekkoConfig.of(self, seedNodes.get())),
                types,
                new RegistryDowning.Verdicts(verdicts));
        system = ActorSystem.create(guardian.get(), HostAddress.SYSTEM, setup);
        starts++;
        var unused = system.getWhenTerminated().whenComplete((done, error) -> ended());
    }

    private void ended() {
        synchronized (this) {
            if (closed) {
                return;
            }
        }
        LOG.warn("the actor system ended (downed or quarantined); starting another");
        restart();
    }

    /** The port may be held for a moment, or the guardian fail: tried until it works. */
    private void restart() {
        CompletableFuture.delayedExecutor(RETRY_MS, TimeUnit.MILLISECONDS).execute(() -> {
            try {
                startSystem();
            } catch (RuntimeException e) {
                LOG.error("the actor system does not start; trying again", e);
                restart();
            }
        });
    }

    /** Leaves the cluster and stops; blocks until the system has ended, for at most half a minute. */
    @Override
    public void close() {
        CompletionStage<Done> terminated;
        synchronized (this) {
            closed = true;
            system.terminate();
            terminated = system.getWhenTerminated();
        }
        try {
            terminated
                    .toCompletableFuture()
                    .copy()
                    .orTimeout(STOP_S, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            LOG.warn("the actor system did not stop within {} s", STOP_S, e);
        }
    }
}
