package dev.stardust.cluster.membership;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.apache.pekko.actor.AbstractActorWithTimers;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.Props;
import org.apache.pekko.actor.setup.Setup;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.DowningProvider;
import org.apache.pekko.cluster.Member;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;
import scala.concurrent.duration.FiniteDuration;

/**
 * Downs an unreachable member when, and only when, the registry has ended its host's lease: Pekko's view of who lives
 * follows the registry's and never runs ahead of it. Named by {@code pekko.cluster.downing-provider-class}.
 */
public final class RegistryDowning extends DowningProvider {
    private static final Logger LOG = LoggerFactory.getLogger(RegistryDowning.class);

    /** How the provider, which Pekko makes, finds the registry. */
    public static final class Verdicts extends Setup {
        private final HostVerdicts verdicts;

        public Verdicts(HostVerdicts verdicts) {
            this.verdicts = verdicts;
        }
    }

    private final HostVerdicts verdicts;

    public RegistryDowning(ActorSystem system) {
        this.verdicts = system.settings()
                .setup()
                .get(Verdicts.class)
                .orElseThrow(() -> new IllegalStateException(
                        "the actor system " + system.name() + " was started without RegistryDowning.Verdicts"))
                .verdicts;
    }

    @Override
    public FiniteDuration downRemovalMargin() {
        return scala.concurrent.duration.Duration.Zero();
    }

    @Override
    public Option<Props> downingActorProps() {
        return Option.apply(Props.create(Downer.class, () -> new Downer(verdicts)));
    }

    private enum Look {
        NOW
    }

    private static final class Downer extends AbstractActorWithTimers {
        private static final Duration LOOK_EVERY = Duration.ofMillis(500);

        private final Cluster cluster = Cluster.get(getContext().getSystem());
        private final HostVerdicts verdicts;
        private final Set<Member> unreachable = new HashSet<>();

        private Downer(HostVerdicts verdicts) {
            this.verdicts = verdicts;
        }

        @Override
        public void preStart() {
            cluster.subscribe(
                    getSelf(),
                    ClusterEvent.initialStateAsEvents(),
                    ClusterEvent.UnreachableMember.class,
                    ClusterEvent.ReachableMember.class,
                    ClusterEvent.MemberRemoved.class);
        }

        @Override
        public void postStop() {
            cluster.unsubscribe(getSelf());
        }

        @Override
        public Receive createReceive() {
            return receiveBuilder()
                    .match(ClusterEvent.UnreachableMember.class, e -> {
                        unreachable.add(e.member());
                        look();
                    })
                    .match(ClusterEvent.ReachableMember.class, e -> reachable(e.member()))
                    .match(ClusterEvent.MemberRemoved.class, e -> reachable(e.member()))
                    .match(Look.class, l -> look())
                    .build();
        }

        private void reachable(Member member) {
            unreachable.remove(member);
        }

        /** Looks again and again, but only while somebody is unreachable. */
        private void look() {
            for (Member member : unreachable) {
                if (verdicts.dead(member.address())) {
                    LOG.info("downing {}: its host's lease has ended", member);
                    cluster.down(member.address());
                }
            }
            if (unreachable.isEmpty()) {
                getTimers().cancel(Look.NOW);
            } else {
                getTimers().startSingleTimer(Look.NOW, Look.NOW, LOOK_EVERY);
            }
        }
    }
}
