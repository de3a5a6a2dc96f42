package dev.stardust.chunk.actor;

import dev.stardust.cluster.membership.HostDirectory;
import dev.stardust.cluster.protocol.ClusterMessage;
import java.util.function.Supplier;
import org.apache.pekko.actor.ActorSystem;

/** How to reach the {@link ChunkShards} of the hosts. For any thread. */
public interface ChunkPeers {
    /** Sends at most once; false when the host is unknown. */
    boolean tell(String host, ClusterMessage message);

    /** Whether the host lives as far as this node knows: the others are asked last. */
    boolean alive(String host);

    /**
     * By the registry's addresses.
     *
     * @param system the classic actor system that runs at the moment
     */
    static ChunkPeers of(HostDirectory directory, Supplier<ActorSystem> system) {
        return new ChunkPeers() {
            @Override
            public boolean tell(String host, ClusterMessage message) {
                return directory.tell(system.get(), host, "/user/" + ChunkShards.NAME, message);
            }

            @Override
            public boolean alive(String host) {
                return directory.alive(host);
            }
        };
    }
}
