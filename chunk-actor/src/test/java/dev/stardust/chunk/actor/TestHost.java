package dev.stardust.chunk.actor;

import com.typesafe.config.ConfigFactory;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.cluster.membership.HostAddress;
import dev.stardust.cluster.membership.PekkoConfig;
import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.protocol.WireTypes;
import dev.stardust.cluster.ring.RingView;
import dev.stardust.cluster.stream.AeronDriver;
import dev.stardust.cluster.stream.StreamTransport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.BootstrapSetup;
import org.apache.pekko.actor.RootActorPath;
import org.apache.pekko.actor.setup.ActorSystemSetup;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** A host in this JVM with everything of its own: store, media driver, actor system with remoting. */
final class TestHost implements AutoCloseable {
    final String id;
    final Path segments;
    final ChunkStore store;
    final RingView ring = new RingView();
    final ChunkNode node;
    private final AeronDriver driver;
    private final StreamTransport transport;
    private final ActorSystem<Void> system;
    private boolean stopped;

    /** @param addresses of all hosts, filled by each as it starts */
    TestHost(String id, Path folder, Map<String, HostAddress> addresses, long timeoutMs) throws IOException {
        this.id = id;
        HostAddress self = new HostAddress("127.0.0.1", 1, freeTcpPort(), 1, freeUdpPort());
        addresses.put(id, self);
        segments = folder.resolve(id).resolve("segments");
        store = ChunkStore.open(segments);
        driver = AeronDriver.start(folder.resolve(id).resolve("run/aeron"));
        transport = StreamTransport.connect(driver.folder(), "127.0.0.1:" + self.aeronPort());
        ChunkPeers peers = new ChunkPeers() {
            @Override
            public boolean tell(String host, ClusterMessage message) {
                HostAddress to = addresses.get(host);
                if (to != null) {
                    String path = new RootActorPath(to.artery(), "/") + "user/" + ChunkShards.NAME;
                    system.classicSystem().actorSelection(path).tell(message, ActorRef.noSender());
                }
                return to != null;
            }

            @Override
            public boolean alive(String host) {
                return true;
            }
        };
        node = new ChunkNode(id, store, transport, ring, peers, timeoutMs);
        system = ActorSystem.create(
                Behaviors.setup(context -> {
                    context.spawn(node.behavior(), ChunkShards.NAME);
                    return Behaviors.empty();
                }),
                HostAddress.SYSTEM,
                ActorSystemSetup.create(
                        BootstrapSetup.create(ConfigFactory.parseString(
                                        "pekko.actor.provider = remote\npekko.remote.artery.advanced.outbound-message-queue-size = 3072")
                                .withFallback(PekkoConfig.of(self, List.of()))),
                        ChunkMessages.register(new WireTypes())));
    }

    /** The network and the actors go; the store stays open to be looked at. */
    void stop() {
        if (!stopped) {
            stopped = true;
            system.terminate();
            system.getWhenTerminated()
                    .toCompletableFuture()
                    .orTimeout(60, TimeUnit.SECONDS)
                    .join();
            node.close();
            transport.close();
            driver.close();
        }
    }

    @Override
    public void close() {
        stop();
        try {
            store.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freeTcpPort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    private static int freeUdpPort() throws IOException {
        try (DatagramChannel probe =
                DatagramChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            return ((InetSocketAddress) probe.getLocalAddress()).getPort();
        }
    }
}
