package dev.stardust.ops.node;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.AskPattern;

/** Asks an actor of any host and waits for its answer without a thread. */
final class Asking {
    private final Member member;

    Asking(Member member) {
        this.member = member;
    }

    <M, R> CompletionStage<R> ask(
            String hostId, String actor, Duration timeout, String what, Function<ActorRef<R>, M> message) {
        ActorRef<M> to = member.actor(hostId, actor);
        return AskPattern.<M, R>ask(to, message::apply, timeout, member.system().scheduler())
                .exceptionally(failure -> {
                    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                    if (failure instanceof TimeoutException || cause instanceof TimeoutException) {
                        throw new ClusterException(
                                ErrorCode.TIMEOUT,
                                "host " + hostId + " did not answer within " + timeout.toSeconds() + " s: " + what);
                    }
                    throw new ClusterException(ErrorCode.INTERNAL, what + ": " + cause.getMessage());
                });
    }
}
