package dev.stardust.cluster.registry;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClientRpc;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.rpc.CallId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.JavaUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets requests to the leader, wherever it is, until one answers or the deadline passes. Ratis's own client is not used
 * for this: it knows only the peers it was built with, and it orders independent requests behind one another.
 *
 * <p>Each attempt is a new call for Ratis; that a transaction applies once is the state machine's doing.
 */
final class RaftCaller {
    private static final Logger LOG = LoggerFactory.getLogger(RaftCaller.class);
    private static final long RETRY_MS = 100;

    private final RaftHost host;
    private final ScheduledExecutorService thread;
    private final ClientId clientId = ClientId.randomId();
    private final RaftClientRpc rpc;
    private final Map<RaftPeerId, Long> lastReset = new ConcurrentHashMap<>();

    RaftCaller(RaftHost host, ScheduledExecutorService thread) {
        this.host = host;
        this.thread = thread;
        this.rpc = new GrpcFactory(new Parameters()).newRaftClientRpc(clientId, host.properties());
    }

    CompletableFuture<byte[]> write(byte[] body, long deadlineMs, String what) {
        return new Call(RaftClientRequest.writeRequestType(), body, deadlineMs, what).start();
    }

    CompletableFuture<byte[]> read(long deadlineMs, String what) {
        return new Call(RaftClientRequest.readRequestType(), new byte[0], deadlineMs, what).start();
    }

    /** Blocks for one attempt at the leader. */
    RaftClientReply setConfiguration(SetConfigurationRequest.Arguments arguments) throws IOException {
        RaftPeerId leader = host.leader().orElseThrow(() -> new IOException("no leader is known"));
        SetConfigurationRequest request =
                new SetConfigurationRequest(clientId, leader, host.groupId(), CallId.getAndIncrement(), arguments);
        if (leader.equals(host.selfId())) {
            return host.server().setConfiguration(request);
        }
        know(leader, null);
        return rpc.sendRequest(request);
    }

    void close() throws IOException {
        rpc.close();
    }

    private void know(RaftPeerId id, RaftPeer suggested) {
        RaftPeer peer = host.peer(id).orElse(suggested);
        if (peer != null) {
            rpc.addRaftPeers(List.of(peer));
        }
    }

    /** Drops the connection, once for all the calls that were under way on it. */
    private void reset(RaftPeerId id, long attemptStartNs, Throwable why) {
        long now = System.nanoTime();
        boolean[] mine = new boolean[1];
        lastReset.compute(id, (k, last) -> {
            mine[0] = last == null || attemptStartNs - last > 0;
            return mine[0] ? now : last;
        });
        if (mine[0]) {
            rpc.handleException(id, why, true);
        }
    }

    private final class Call {
        private final RaftClientRequest.Type type;
        private final ByteString body;
        private final long deadlineNs;
        private final long deadlineMs;
        private final String what;
        private final CompletableFuture<byte[]> answer = new CompletableFuture<>();
        private RaftPeer suggestion;
        private Throwable last;

        private Call(RaftClientRequest.Type type, byte[] body, long deadlineMs, String what) {
            this.type = type;
            this.body = UnsafeByteOperations.unsafeWrap(body);
            this.deadlineMs = deadlineMs;
            this.deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(deadlineMs);
            this.what = what;
        }

        private CompletableFuture<byte[]> start() {
            soon(this::attempt, 0);
            return answer;
        }

        /** All steps of a call run on the one thread. */
        private void soon(Runnable step, long delayMs) {
            try {
                var unused = thread.schedule(step, delayMs, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                answer.completeExceptionally(new RegistryException(what + ": this node is stopping", e));
            }
        }

        private void attempt() {
            long now = System.nanoTime();
            long leftNs = deadlineNs - now;
            if (leftNs <= 0) {
                answer.completeExceptionally(new RegistryException(
                        what + ": outcome unknown, no majority of the registry answered within " + deadlineMs + " ms",
                        last));
                return;
            }
            RaftPeer suggested = suggestion;
            suggestion = null;
            RaftPeerId target =
                    suggested != null ? suggested.getId() : host.leader().orElse(null);
            if (target == null) {
                soon(this::attempt, RETRY_MS);
                return;
            }
            long limitMs = Math.min(RaftProperty.ATTEMPT_MS, TimeUnit.NANOSECONDS.toMillis(leftNs) + 1);
            var unused = send(target, suggested)
                    .orTimeout(limitMs, TimeUnit.MILLISECONDS)
                    .whenComplete((reply, error) -> soon(() -> answered(target, now, reply, error), 0));
        }

        private CompletableFuture<RaftClientReply> send(RaftPeerId target, RaftPeer suggested) {
            RaftClientRequest request = RaftClientRequest.newBuilder()
                    .setClientId(clientId)
                    .setLeaderId(target)
                    .setGroupId(host.groupId())
                    .setCallId(CallId.getAndIncrement())
                    .setMessage(Message.valueOf(body))
                    .setType(type)
                    .build();
            try {
                if (target.equals(host.selfId())) {
                    // The copy keeps our timeout from cancelling what Ratis shares.
                    return host.server().submitClientRequestAsync(request).copy();
                }
                know(target, suggested);
                return rpc.sendRequestAsyncUnordered(request).copy();
            } catch (IOException | RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        private void answered(RaftPeerId target, long startNs, RaftClientReply reply, Throwable error) {
            Throwable failure = error != null ? JavaUtils.unwrapCompletionException(error) : reply.getException();
            if (failure == null && reply.isSuccess()) {
                answer.complete(reply.getMessage().getContent().toByteArray());
                return;
            }
            if (failure instanceof StateMachineException) {
                answer.completeExceptionally(
                        new RegistryException(what + " was refused: " + failure.getMessage(), failure));
                return;
            }
            last = failure;
            LOG.debug("{}: attempt at {} failed, trying again", what, target, failure);
            long delayMs = RETRY_MS + ThreadLocalRandom.current().nextLong(RETRY_MS);
            if (failure instanceof NotLeaderException notLeader && notLeader.getSuggestedLeader() != null) {
                suggestion = notLeader.getSuggestedLeader();
                delayMs = RETRY_MS / 10;
            }
            if (!target.equals(host.selfId()) && error != null) {
                // One error ends a whole stream of Ratis's client: without a new one every later call would fail.
                reset(target, startNs, failure);
            }
            soon(this::attempt, delayMs);
        }
    }
}
