package dev.stardust.cluster.registry;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.ExitUtils;
import org.apache.ratis.util.JavaUtils;
import org.apache.ratis.util.LifeCycle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The Raft server of this process: started, watched, and started again when it closed itself. */
final class RaftHost {
    private static final Logger LOG = LoggerFactory.getLogger(RaftHost.class);
    private static final long LONGEST_REST_NS = 60_000_000_000L;
    /** How long closing waits for a server that closes. */
    static final long LONGEST_CLOSE_MS = 10_000;

    private static final long CLOSE_POLL_NS = 5_000_000L;

    static {
        // Ratis ends the whole process on a port in use and, by a default handler, on any thread's uncaught exception.
        Thread.UncaughtExceptionHandler ours = Thread.getDefaultUncaughtExceptionHandler();
        ExitUtils.disableSystemExit();
        ExitUtils.setTerminateOnUncaughtException(false);
        Thread.setDefaultUncaughtExceptionHandler(ours);
    }

    private final RaftSettings settings;
    private final RaftProperties properties;
    private final RaftGroupId groupId;
    private final LocalView view;
    private final RaftIdentity identity;
    private volatile RaftServer server;
    private volatile boolean closed;
    private long restNs = 1_000_000_000L;
    private long restartNotBefore = System.nanoTime();

    RaftHost(RaftSettings settings, LocalView view) throws IOException {
        this.settings = settings;
        this.view = view;
        this.properties = RaftProperty.of(settings);
        this.groupId = RaftGroupId.valueOf(settings.groupId());
        this.identity = RaftIdentity.claim(settings);
        server = start();
        identity.started();
    }

    private RaftServer start() throws IOException {
        List<RaftPeer> peers =
                settings.initialPeers().stream().map(RaftHost::toRaft).toList();
        RaftServer fresh = null;
        try {
            fresh = RaftServer.newBuilder()
                    .setServerId(selfId())
                    // A joiner starts with no peers at all: it neither votes nor stands until a leader sends it its
                    // log.
                    .setGroup(RaftGroup.valueOf(groupId, peers))
                    .setOption(RaftStorage.StartupOption.RECOVER)
                    .setProperties(properties)
                    .setStateMachineRegistry(id -> new RegistryStateMachine(view))
                    .build();
            fresh.start();
            return fresh;
        } catch (IOException | RuntimeException e) {
            if (fresh != null) {
                fresh.close();
            }
            Throwable cause = JavaUtils.unwrapCompletionException(e);
            throw new IOException(
                    "the registry peer " + settings.peerId() + " at " + settings.address() + " does not start: "
                            + cause.getMessage(),
                    cause);
        }
    }

    static RaftPeer toRaft(RaftSettings.Peer peer) {
        return RaftPeer.newBuilder().setId(peer.id()).setAddress(peer.address()).build();
    }

    RaftProperties properties() {
        return properties;
    }

    RaftGroupId groupId() {
        return groupId;
    }

    RaftPeerId selfId() {
        return RaftPeerId.valueOf(settings.peerId());
    }

    RaftServer server() {
        return server;
    }

    /** Starts the server again when it has closed itself: after a very long pause, a disk error, or its removal. */
    void restartIfClosed(long nowNs) {
        try {
            if (!closed && nowNs - restartNotBefore >= 0 && !alive()) {
                LOG.warn("the registry server of {} has closed itself; starting it again", settings.peerId());
                restartNotBefore = nowNs + restNs;
                restNs = Math.min(2 * restNs, LONGEST_REST_NS);
                restart();
            }
        } catch (IOException | RuntimeException e) {
            LOG.error("the registry server of {} does not start; trying again", settings.peerId(), e);
        }
    }

    private void restart() throws IOException {
        server.close();
        RaftServer fresh = start();
        synchronized (this) {
            server = fresh;
            if (closed) {
                fresh.close();
            }
        }
    }

    private boolean alive() {
        return server.getLifeCycleState() == LifeCycle.State.RUNNING
                && division()
                        .map(d -> !d.getInfo().getLifeCycleState().isClosingOrClosed())
                        .orElse(false);
    }

    Optional<RaftServer.Division> division() {
        try {
            return Optional.of(server.getDivision(groupId));
        } catch (IOException e) {
            LOG.debug("no division", e);
            return Optional.empty();
        }
    }

    Optional<RaftPeerId> leader() {
        return division().map(d -> d.getInfo().getLeaderId());
    }

    Optional<RaftPeer> peer(RaftPeerId id) {
        return division().map(d -> d.getRaftConf().getPeer(id, RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER));
    }

    Optional<RaftConfiguration> configuration() {
        return division().map(RaftServer.Division::getRaftConf);
    }

    /** Asked of Ratis each time, never remembered: a stale answer here would be a leader that does not know its end. */
    OptionalLong leaderTerm() {
        RaftServer.Division division = division().orElse(null);
        if (division == null) {
            return OptionalLong.empty();
        }
        long before = division.getInfo().getCurrentTerm();
        boolean ready = division.getInfo().isLeaderReady();
        // Terms only grow: the same term on both sides means that the leadership in between was in that term.
        return ready && division.getInfo().getCurrentTerm() == before ? OptionalLong.of(before) : OptionalLong.empty();
    }

    /**
     * Closes the server and waits until it writes no more: when it is closing itself already, a second close of it
     * returns at once.
     */
    void close() throws IOException {
        RaftServer last;
        synchronized (this) {
            closed = true;
            last = server;
        }
        Optional<RaftServer.Division> division = division();
        last.close();
        awaitClosed(last::getLifeCycleState);
        if (division.isPresent()) {
            awaitClosed(division.get().getInfo()::getLifeCycleState);
        }
    }

    private void awaitClosed(Supplier<LifeCycle.State> state) throws IOException {
        long beganNs = System.nanoTime();
        while (state.get() != LifeCycle.State.CLOSED) {
            if (System.nanoTime() - beganNs > TimeUnit.MILLISECONDS.toNanos(LONGEST_CLOSE_MS)) {
                throw new IOException("the registry server of " + settings.peerId() + " is still " + state.get());
            }
            LockSupport.parkNanos(CLOSE_POLL_NS);
        }
    }
}
