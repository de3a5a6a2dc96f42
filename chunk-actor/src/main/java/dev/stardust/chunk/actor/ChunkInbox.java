package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.cluster.stream.FrameHandler;
import dev.stardust.cluster.stream.StreamException;
import dev.stardust.cluster.stream.StreamIdle;
import dev.stardust.cluster.stream.StreamReceiver;
import dev.stardust.cluster.stream.StreamSession;
import dev.stardust.cluster.stream.StreamTransport;
import java.util.Collection;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.IdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives chunks from other hosts, a stream from each. What was not asked for is dropped, so memory is bounded by what
 * is asked for. One thread, which sleeps while nothing is awaited.
 */
final class ChunkInbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChunkInbox.class);
    private static final int FRAGMENTS = 32;
    private static final long IDLE_NS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Request ids are unique only on the host that made them. */
    private record Key(String peer, long requestId) {}

    private final StreamTransport transport;
    private final Map<String, Incoming> incoming = new ConcurrentHashMap<>();
    private final Queue<StreamReceiver> replaced = new ConcurrentLinkedQueue<>();
    private final Map<Key, Arrivals> awaited = new ConcurrentHashMap<>();
    private final IdleStrategy idle = StreamIdle.napping(1);
    private final Thread thread;
    private volatile boolean closed;

    ChunkInbox(StreamTransport transport) {
        this.transport = transport;
        this.thread = new Thread(this::run, "chunk-inbox");
        thread.setDaemon(true);
        thread.start();
    }

    /** Opens a stream from a host, in place of the one before. Waits for the media driver. */
    StreamSession open(String peer) {
        StreamReceiver receiver = transport.openReceiver();
        Incoming before = incoming.put(peer, new Incoming(peer, receiver));
        if (before != null) {
            replaced.add(before.receiver);
        }
        return receiver.session();
    }

    /** Awaits chunks; to be forgotten in the end. */
    Arrivals expect(String peer, long requestId, Collection<ChunkId> ids) {
        Arrivals arrivals = new Arrivals(ids);
        if (awaited.putIfAbsent(new Key(peer, requestId), arrivals) != null) {
            throw new IllegalArgumentException("request " + requestId + " of host " + peer + " is used twice");
        }
        LockSupport.unpark(thread);
        return arrivals;
    }

    void forget(String peer, long requestId) {
        awaited.remove(new Key(peer, requestId));
    }

    /** How many requests' chunks are awaited. */
    int requests() {
        return awaited.size();
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(TimeUnit.SECONDS.toMillis(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!closed) {
            int work = 0;
            for (Incoming stream : incoming.values()) {
                work += poll(stream);
            }
            for (StreamReceiver old = replaced.poll(); old != null; old = replaced.poll()) {
                old.close();
            }
            if (awaited.isEmpty() && work == 0) {
                LockSupport.parkNanos(IDLE_NS);
            } else {
                idle.idle(work);
            }
        }
        incoming.values().forEach(stream -> stream.receiver.close());
        replaced.forEach(StreamReceiver::close);
    }

    private int poll(Incoming stream) {
        try {
            return stream.receiver.poll(stream, FRAGMENTS);
        } catch (StreamException e) {
            if (incoming.remove(stream.peer, stream)) {
                LOG.info("chunk stream from host {} ended: {}", stream.peer, e.getMessage());
                fail(stream.peer, e);
            }
            stream.receiver.close();
            return 0;
        }
    }

    private void fail(String peer, StreamException e) {
        awaited.forEach((key, arrivals) -> {
            if (key.peer().equals(peer)) {
                arrivals.all().completeExceptionally(e);
            }
        });
    }

    private final class Incoming implements FrameHandler {
        private final String peer;
        private final StreamReceiver receiver;

        Incoming(String peer, StreamReceiver receiver) {
            this.peer = peer;
            this.receiver = receiver;
        }

        @Override
        public boolean onFrame(DirectBuffer buffer, int offset, int length) {
            try {
                Arrivals arrivals = awaited.get(new Key(peer, ChunkFrame.requestId(buffer, offset, length)));
                if (arrivals != null) {
                    arrivals.take(ChunkFrame.read(buffer, offset, length));
                }
            } catch (CorruptChunkException e) {
                LOG.warn("host {} sent: {}", peer, e.getMessage());
            }
            return true;
        }
    }
}
