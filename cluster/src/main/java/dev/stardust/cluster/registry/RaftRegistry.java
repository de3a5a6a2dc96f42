package dev.stardust.cluster.registry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link Registry} on an embedded Raft peer. One voter, three or five, and listeners beyond them, are the same code.
 *
 * <p>A read asks the leader how far its log is applied (after it has made sure that it still leads), waits until this
 * node has applied as much, and answers from this node's own immutable state: linearizable, and of any size.
 */
public final class RaftRegistry implements Registry, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RaftRegistry.class);
    private static final long CHECK_MS = 1_000;
    private static final long MEMBERS_DEADLINE_MS = 60_000;
    private static final long ADDED_POLL_MS = 20;

    /** What a peer does in the registry. */
    public enum Role {
        VOTER,
        LISTENER
    }

    private final RaftSettings settings;
    private final LocalView view = new LocalView();
    private final ScheduledThreadPoolExecutor thread;
    private final ScheduledThreadPoolExecutor guard;
    private final RaftHost host;
    private final RaftCaller caller;
    private final RaftMembers members;

    private RaftRegistry(RaftSettings settings) throws IOException {
        this.settings = settings;
        thread = scheduler("registry-client");
        guard = scheduler("registry-guard");
        try {
            host = new RaftHost(settings, view);
        } catch (IOException | RuntimeException e) {
            thread.shutdownNow();
            guard.shutdownNow();
            view.close();
            throw e;
        }
        caller = new RaftCaller(host, thread);
        members = new RaftMembers(host, caller);
        var unused = guard.scheduleWithFixedDelay(
                () -> host.restartIfClosed(System.nanoTime()), CHECK_MS, CHECK_MS, TimeUnit.MILLISECONDS);
    }

    /**
     * Starts this node's peer. Throws {@link IOException} that says what to do when the folder belongs to another peer,
     * was wiped although the peer took part before, or cannot be read, or when the port is in use.
     */
    public static RaftRegistry start(RaftSettings settings) throws IOException {
        return new RaftRegistry(settings);
    }

    private static ScheduledThreadPoolExecutor scheduler(String name) {
        ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1, r -> {
            Thread t = new Thread(r, name);
            t.setDaemon(true);
            return t;
        });
        scheduler.setRemoveOnCancelPolicy(true);
        return scheduler;
    }

    @Override
    public CompletionStage<TxnResult> commit(Txn txn) {
        byte[] body;
        try {
            body = TxnCodec.encode(txn);
        } catch (IllegalArgumentException e) {
            return CompletableFuture.failedFuture(e);
        }
        return caller.write(body, settings.deadlineMs(), "transaction " + txn.requestId())
                .thenApply(answer -> {
                    try {
                        return TxnCodec.decodeResult(answer);
                    } catch (IOException e) {
                        throw new RegistryException("transaction " + txn.requestId() + ": " + e.getMessage(), e);
                    }
                });
    }

    @Override
    public CompletionStage<List<Entry>> read(String prefix) {
        return current("read of " + prefix, state -> state.under(prefix));
    }

    @Override
    public CompletionStage<List<LeaseView>> leases() {
        return current("read of the leases", RegistryState::leaseViews);
    }

    private <T> CompletionStage<T> current(String what, Function<RegistryState, T> reader) {
        return caller.read(settings.deadlineMs(), what)
                .thenCompose(answer -> view.at(ByteBuffer.wrap(answer).getLong())
                        .copy()
                        .orTimeout(settings.deadlineMs(), TimeUnit.MILLISECONDS))
                .handleAsync(
                        (state, error) -> {
                            if (error == null) {
                                return reader.apply(state);
                            }
                            Throwable cause = error.getCause() == null ? error : error.getCause();
                            if (cause instanceof RegistryException known) {
                                throw known;
                            }
                            throw new RegistryException(
                                    cause instanceof TimeoutException
                                            ? what + ": this node does not catch up with the leader"
                                            : what + " failed: " + cause,
                                    cause);
                        },
                        thread);
    }

    @Override
    public List<Entry> local(String prefix) {
        return view.state().under(prefix);
    }

    @Override
    public Optional<Entry> localGet(String key) {
        return view.state().get(key);
    }

    /** The living leases as far as this node has applied; a leader decides by them only under conditions. */
    public List<LeaseView> localLeases() {
        return view.state().leaseViews();
    }

    @Override
    public OptionalLong leaderTerm() {
        return host.leaderTerm();
    }

    @Override
    public Optional<String> leader() {
        return host.leader().map(RaftPeerId::toString);
    }

    @Override
    public Watch watch(String prefix, Consumer<WatchEvent> listener) {
        return view.watch(prefix, listener);
    }

    /**
     * Adds a peer that was started with {@link RaftSettings#joining}, as a voter while there are fewer than
     * {@link RaftSettings#maxVoters}, else as a listener. May be called on any member and again at any time; the stage
     * completes once the change is in force. It fails with {@link RegistryException} when that does not happen within a
     * minute, for example because the peer cannot be reached.
     */
    public CompletionStage<Role> addPeer(String peerId, String address) {
        RaftPeer peer = RaftHost.toRaft(new RaftSettings.Peer(peerId, address));
        return members.change(now -> now.with(peer, settings.maxVoters()), MEMBERS_DEADLINE_MS, "adding peer " + peerId)
                .thenApply(now -> now.votes(peerId) ? Role.VOTER : Role.LISTENER);
    }

    /**
     * Waits until this peer itself knows that it was added. Before, though the others count it, it takes no part in
     * elections: a leader that ended just then might find no successor.
     *
     * @throws RegistryException when it does not come to know within the time
     */
    public void awaitAdded(long timeoutMs) throws InterruptedException {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (!isAdded()) {
            if (System.nanoTime() - deadlineNs >= 0) {
                throw new RegistryException(
                        "peer " + settings.peerId() + " did not hear within " + timeoutMs + " ms that it was added");
            }
            Thread.sleep(ADDED_POLL_MS);
        }
    }

    private boolean isAdded() {
        return host.configuration().stream()
                .flatMap(conf -> conf.getAllPeers().stream())
                .anyMatch(peer -> peer.getId().toString().equals(settings.peerId()));
    }

    /** Removes a peer for good: a lost voter before its replacement joins under a new id. */
    public CompletionStage<Void> removePeer(String peerId) {
        return members.change(now -> now.without(peerId), MEMBERS_DEADLINE_MS, "removing peer " + peerId)
                .thenApply(now -> null);
    }

    /** Ids of the peers that vote, as far as this node knows. */
    public List<String> voters() {
        return host.configuration().map(RaftMembers.Membership::of).stream()
                .flatMap(now -> now.voters().stream())
                .map(peer -> peer.getId().toString())
                .sorted()
                .toList();
    }

    /** Stops the peer and waits until it writes no more; what is under way fails with {@link RegistryException}. */
    @Override
    public void close() {
        guard.shutdown();
        try {
            host.close();
            // A restart under way on this thread ends by closing what it started.
            if (!guard.awaitTermination(RaftHost.LONGEST_CLOSE_MS, TimeUnit.MILLISECONDS)) {
                LOG.warn("the registry of {} is still starting its server again", settings.peerId());
            }
        } catch (IOException e) {
            LOG.warn("closing the registry", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closeClient();
        }
    }

    private void closeClient() {
        try {
            caller.close();
        } catch (IOException e) {
            LOG.warn("closing the registry's client", e);
        }
        thread.shutdown();
        view.close();
    }

    /** The host, for tests that break it. */
    RaftHost host() {
        return host;
    }
}
