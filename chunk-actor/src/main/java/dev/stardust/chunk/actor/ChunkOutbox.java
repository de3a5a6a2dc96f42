package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.stream.StreamException;
import dev.stardust.cluster.stream.StreamSender;
import dev.stardust.cluster.stream.StreamSession;
import dev.stardust.cluster.stream.StreamTransport;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Sends chunks to other hosts, each by one long-lived stream and a thread of its own that waits when the other side is
 * slow and ends when there is nothing to send. A stream that broke is opened again.
 */
final class ChunkOutbox implements AutoCloseable {
    private static final int QUEUED_REQUESTS = 64;
    private static final long THREAD_IDLE_S = 10;
    private static final long STOP_S = 5;

    private final StreamTransport transport;
    private final Function<String, CompletableFuture<StreamSession>> handshake;
    private final long timeoutMs;
    private final Map<String, Lane> lanes = new ConcurrentHashMap<>();

    /**
     * @param handshake asks a host for the receiving end of a stream
     * @param timeoutMs how long a receiver may take nothing
     */
    ChunkOutbox(
            StreamTransport transport, Function<String, CompletableFuture<StreamSession>> handshake, long timeoutMs) {
        this.transport = transport;
        this.handshake = handshake;
        this.timeoutMs = timeoutMs;
    }

    /** Completes when the chunks were handed to the network; they may still get lost with the stream. */
    CompletableFuture<Void> send(String peer, long requestId, List<StoredChunk> chunks) {
        Lane lane = lanes.computeIfAbsent(peer, Lane::new);
        try {
            return CompletableFuture.runAsync(() -> lane.send(requestId, chunks), lane.thread);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(
                    new ChunkTransferException("too many requests of host " + peer + " wait for its stream", e));
        }
    }

    /** How many requests wait to be sent to a host. */
    int queued(String peer) {
        Lane lane = lanes.get(peer);
        return lane == null ? 0 : lane.thread.getQueue().size();
    }

    @Override
    public void close() {
        for (Lane lane : lanes.values()) {
            lane.thread.shutdownNow();
            try {
                if (lane.thread.awaitTermination(STOP_S, TimeUnit.SECONDS)) {
                    lane.drop();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private final class Lane {
        private final String peer;
        private final ThreadPoolExecutor thread;
        private final ChunkFrame frame = new ChunkFrame();
        private StreamSender sender;

        Lane(String peer) {
            this.peer = peer;
            this.thread = new ThreadPoolExecutor(
                    1, 1, THREAD_IDLE_S, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUED_REQUESTS), task -> {
                        Thread made = new Thread(task, "chunk-out-" + peer);
                        made.setDaemon(true);
                        return made;
                    });
            thread.allowCoreThreadTimeOut(true);
        }

        void send(long requestId, List<StoredChunk> chunks) {
            boolean reused = sender != null;
            try {
                sendAll(requestId, chunks);
            } catch (StreamException e) {
                drop();
                if (!reused) {
                    throw e;
                }
                // The receiver may have been restarted since; what arrives twice is ignored there.
                sendAll(requestId, chunks);
            }
        }

        private void sendAll(long requestId, List<StoredChunk> chunks) {
            if (sender == null) {
                sender = transport.openSender(session());
                sender.awaitConnected(timeoutMs);
            }
            for (StoredChunk chunk : chunks) {
                frame.of(requestId, chunk);
                sender.send(frame.length(), frame, timeoutMs);
            }
        }

        private StreamSession session() {
            try {
                return handshake.apply(peer).join();
            } catch (CompletionException e) {
                throw new ChunkTransferException(
                        "host " + peer + " did not open a stream: " + Causes.text(e), Causes.of(e));
            }
        }

        private void drop() {
            if (sender != null) {
                sender.close();
                sender = null;
            }
        }
    }
}
