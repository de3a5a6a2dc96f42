package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/** A node's end of one connection to a worker. Stages complete on its reading thread. */
final class WorkerClient implements AutoCloseable {
    /** Called on the reading thread. */
    interface Listener {
        void onEvent(String name, JsonNode body);

        /** The connection is gone; whether the worker is too, is another question. */
        void onClosed(String why);
    }

    private final String workerId;
    private final Listener listener;
    private final Connection connection;
    private final AtomicLong ids = new AtomicLong();
    private final Map<Long, CompletableFuture<JsonNode>> pending = new ConcurrentHashMap<>();
    private volatile boolean closed;

    private WorkerClient(String workerId, SocketChannel channel, Listener listener) {
        this.workerId = workerId;
        this.listener = listener;
        this.connection = new Connection(channel, new Handler());
    }

    /** Throws {@link IOException} if nobody listens. */
    static WorkerClient connect(Path workerDir, Listener listener) throws IOException {
        String id = workerDir.getFileName().toString();
        SocketChannel channel =
                SocketChannel.open(UnixDomainSocketAddress.of(workerDir.resolve(WorkerRuntime.SOCKET_NAME)));
        WorkerClient client = new WorkerClient(id, channel, listener);
        client.connection.start("worker-" + id);
        return client;
    }

    /** The reply's body; fails with a {@link WorkerException}. */
    CompletableFuture<JsonNode> request(String op, Object body, Duration timeout) {
        long id = ids.incrementAndGet();
        CompletableFuture<JsonNode> reply = new CompletableFuture<>();
        pending.put(id, reply);
        try {
            connection.send(new Message.Request(id, op, WorkerCodec.toTree(body)));
        } catch (WorkerException e) {
            reply.completeExceptionally(e);
        }
        if (closed) {
            // Looked at after the reply was made pending, so that either this or the closing fails it.
            reply.completeExceptionally(lost("the connection is closed"));
        }
        return reply.copy().orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS).handle((answer, failure) -> {
            pending.remove(id);
            if (failure == null) {
                return answer;
            }
            throw failure instanceof TimeoutException
                    ? new WorkerException(
                            WorkerException.Code.TIMEOUT,
                            "worker " + workerId + " did not answer " + op + " within " + timeout.toMillis() + " ms")
                    : WorkerException.of(failure);
        });
    }

    @Override
    public void close() {
        connection.close();
    }

    private WorkerException lost(String why) {
        return new WorkerException(
                WorkerException.Code.LOST, "the connection to worker " + workerId + " was lost: " + why);
    }

    private final class Handler implements Connection.Handler {
        @Override
        public void onMessage(Connection from, Message message) {
            if (message instanceof Message.Event event) {
                listener.onEvent(event.name(), event.body());
            } else if (message instanceof Message.Reply reply) {
                CompletableFuture<JsonNode> waiting = pending.remove(reply.id());
                if (waiting == null) {
                    return; // It came after its timeout.
                }
                if (reply.error() == null) {
                    waiting.complete(reply.body());
                } else {
                    waiting.completeExceptionally(reply.error());
                }
            } else {
                throw new IllegalArgumentException("a node takes no requests from a worker");
            }
        }

        @Override
        public void onClosed(Connection from, String why) {
            closed = true;
            pending.values().forEach(waiting -> waiting.completeExceptionally(lost(why)));
            listener.onClosed(why);
        }
    }
}
