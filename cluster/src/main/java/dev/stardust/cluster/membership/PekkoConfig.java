package dev.stardust.cluster.membership;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.protocol.StableCborSerializer;
import java.util.List;
import java.util.Map;
import org.apache.pekko.actor.Address;

/** Pekko's settings of a node, where its defaults do not suit machines that outlive their actors. */
public final class PekkoConfig {
    private static final Config FIXED = ConfigFactory.parseString(
            """
            pekko {
              loggers = ["org.apache.pekko.event.slf4j.Slf4jLogger"]
              logging-filter = "org.apache.pekko.event.slf4j.Slf4jLoggingFilter"
              loglevel = INFO
              log-dead-letters = off
              jvm-exit-on-fatal-error = off
              # Its classes are made at run time, which costs a start, and nobody records.
              java-flight-recorder.enabled = off

              actor {
                provider = cluster
                allow-java-serialization = off
                warn-about-java-serializer-usage = on
              }

              # Timers of ours are seconds; a finer wheel only wakes an idle machine up.
              scheduler.tick-duration = 50ms

              remote.artery {
                transport = tcp
                advanced.maximum-frame-size = 256 KiB
                advanced.maximum-large-frame-size = 2 MiB
                # A node that is restarted soon is known again by its new system.
                advanced.stop-quarantined-after-idle = 60s
              }

              cluster {
                jmx.enabled = off
                # The registry decides who is dead; Pekko only says who does not answer.
                down-all-when-unstable = off
                # How long the longest living host waits for others before it makes a cluster of its own.
                seed-node-timeout = 8s
                retry-unsuccessful-join-after = 3s
                # Two busy cores stall a process for seconds.
                failure-detector.heartbeat-interval = 1s
                failure-detector.acceptable-heartbeat-pause = 6s
                failure-detector.threshold = 10.0
                gossip-interval = 1s
              }

              # The process outlives its actor systems: virtual machines depend on it.
              coordinated-shutdown {
                exit-jvm = off
                run-by-jvm-shutdown-hook = off
                run-by-actor-system-terminate = on
                terminate-actor-system = on
                # A node that is alone, or whose others are dead, does not wait long for their farewell.
                phases.cluster-leave.timeout = 5s
                phases.cluster-exiting.timeout = 5s
                phases.cluster-exiting-done.timeout = 3s
              }
            }
            """);

    private PekkoConfig() {}

    /**
     * The whole configuration of an actor system.
     *
     * @param self where this node listens and is known
     * @param seedNodes see {@link HostDirectory#seedNodes}
     */
    public static Config of(HostAddress self, List<Address> seedNodes) {
        return ConfigFactory.parseMap(Map.of(
                        "pekko.remote.artery.canonical.hostname", self.host(),
                        "pekko.remote.artery.canonical.port", self.arteryPort(),
                        "pekko.cluster.seed-nodes",
                                seedNodes.stream().map(Address::toString).toList(),
                        "pekko.cluster.downing-provider-class", RegistryDowning.class.getName(),
                        "pekko.actor.serializers.stardust", StableCborSerializer.class.getName(),
                        "pekko.actor.serialization-bindings",
                                Map.of(ConfigUtil.quoteString(ClusterMessage.class.getName()), "stardust")))
                .withFallback(FIXED)
                .withFallback(ConfigFactory.defaultReference());
    }
}
