package dev.stardust.cluster.registry;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.server.RaftConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who votes and who listens: changed one peer at a time, by compare-and-set, until it is so. */
final class RaftMembers {
    private static final Logger LOG = LoggerFactory.getLogger(RaftMembers.class);
    private static final long RETRY_MS = 200;

    /** Voters and listeners. */
    record Membership(List<RaftPeer> voters, List<RaftPeer> listeners) {
        static Membership of(RaftConfiguration conf) {
            return new Membership(
                    List.copyOf(conf.getCurrentPeers(RaftPeerRole.FOLLOWER)),
                    List.copyOf(conf.getCurrentPeers(RaftPeerRole.LISTENER)));
        }

        Membership with(RaftPeer peer, int maxVoters) {
            if (contains(voters, peer) || contains(listeners, peer)) {
                return this;
            }
            return voters.size() < maxVoters
                    ? new Membership(plus(voters, peer), listeners)
                    : new Membership(voters, plus(listeners, peer));
        }

        Membership without(String peerId) {
            return new Membership(minus(voters, peerId), minus(listeners, peerId));
        }

        boolean votes(String peerId) {
            return voters.stream().anyMatch(p -> p.getId().toString().equals(peerId));
        }

        private static boolean contains(Collection<RaftPeer> peers, RaftPeer peer) {
            return peers.stream().anyMatch(p -> p.getId().equals(peer.getId()));
        }

        private static List<RaftPeer> plus(List<RaftPeer> peers, RaftPeer peer) {
            List<RaftPeer> more = new ArrayList<>(peers);
            more.add(peer);
            return more;
        }

        private static List<RaftPeer> minus(List<RaftPeer> peers, String peerId) {
            return peers.stream()
                    .filter(p -> !p.getId().toString().equals(peerId))
                    .toList();
        }
    }

    private final RaftHost host;
    private final RaftCaller caller;

    RaftMembers(RaftHost host, RaftCaller caller) {
        this.host = host;
        this.caller = caller;
    }

    /** Runs on a thread of its own: Ratis's calls for this block, and it is rare. */
    CompletableFuture<Membership> change(UnaryOperator<Membership> wanted, long deadlineMs, String what) {
        Executor once = work -> {
            Thread thread = new Thread(work, "registry-members");
            thread.setDaemon(true);
            thread.start();
        };
        return CompletableFuture.supplyAsync(() -> changeBlocking(wanted, deadlineMs, what), once);
    }

    private Membership changeBlocking(UnaryOperator<Membership> wanted, long deadlineMs, String what) {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(deadlineMs);
        Exception last = null;
        while (System.nanoTime() - deadlineNs < 0) {
            try {
                RaftConfiguration conf = host.configuration().orElseThrow(() -> new IOException("not started"));
                Membership now = Membership.of(conf);
                Membership next = wanted.apply(now);
                if (next.equals(now) && conf.getPreviousPeers().isEmpty()) {
                    return now;
                }
                RaftClientReply reply = caller.setConfiguration(SetConfigurationRequest.Arguments.newBuilder()
                        .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                        .setServersInCurrentConf(now.voters())
                        .setListenersInCurrentConf(now.listeners())
                        .setServersInNewConf(next.voters())
                        .setListenersInNewConf(next.listeners())
                        .build());
                if (!reply.isSuccess()) {
                    throw reply.getException();
                }
            } catch (IOException e) {
                last = e;
                LOG.debug("{}: trying again", what, e);
            }
            sleep(what);
        }
        throw new RegistryException(what + ": not done within " + deadlineMs + " ms", last);
    }

    private static void sleep(String what) {
        try {
            Thread.sleep(RETRY_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RegistryException(what + ": interrupted", e);
        }
    }
}
