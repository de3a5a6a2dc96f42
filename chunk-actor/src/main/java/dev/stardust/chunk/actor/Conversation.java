package dev.stardust.chunk.actor;

import dev.stardust.chunk.actor.ChunkMessages.ChunksWanted;
import dev.stardust.chunk.actor.ChunkMessages.Reply;
import dev.stardust.chunk.actor.ChunkMessages.RequestFailed;
import dev.stardust.chunk.actor.ChunkMessages.WrongEpoch;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The answers to one request: the last one, and the one that may come before it. They may come before they are asked. */
final class Conversation {
    private final String host;
    private final long epoch;
    private final long timeoutMs;
    private final CompletableFuture<Reply> first = new CompletableFuture<>();
    private final CompletableFuture<Reply> last = new CompletableFuture<>();

    Conversation(String host, long epoch, long timeoutMs) {
        this.host = host;
        this.epoch = epoch;
        this.timeoutMs = timeoutMs;
    }

    <R extends Reply> CompletableFuture<R> first(Class<R> type) {
        return typed(first, type);
    }

    <R extends Reply> CompletableFuture<R> last(Class<R> type) {
        return typed(last, type);
    }

    private <R extends Reply> CompletableFuture<R> typed(CompletableFuture<Reply> reply, Class<R> type) {
        return reply.orTimeout(timeoutMs, TimeUnit.MILLISECONDS).thenApply(answer -> {
            if (!type.isInstance(answer)) {
                throw new ChunkTransferException("host " + host + " answered out of turn");
            }
            return type.cast(answer);
        });
    }

    void take(Reply reply) {
        if (reply instanceof ChunksWanted) {
            first.complete(reply);
        } else if (reply instanceof WrongEpoch wrong) {
            fail(new NotNowException("host " + host + " knows ring epoch " + wrong.current() + ", this one " + epoch));
        } else if (reply instanceof RequestFailed failed) {
            String reason = "host " + host + ": " + failed.reason();
            fail(failed.busy() ? new NotNowException(reason) : new ChunkTransferException(reason));
        } else {
            last.complete(reply);
        }
    }

    void fail(Throwable failure) {
        first.completeExceptionally(failure);
        last.completeExceptionally(failure);
    }
}
