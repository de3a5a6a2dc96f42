package dev.stardust.vm.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The connection to a guest's agent: one thread reads frames and hands them to their streams, one writes. The guest is not
 * trusted: whatever breaks the protocol ends the connection, and nothing else.
 */
final class AgentConnection implements AutoCloseable {
    /** What may be under way on a stream, each way, before the receiver has given some of it back. */
    static final int WINDOW_BYTES = 256 << 10;

    private static final int MAX_STREAMS = 256;
    private static final int MAX_QUEUED_BYTES = 2 * MAX_STREAMS * WINDOW_BYTES;
    private static final int STACK_BYTES = 256 << 10;

    /** One end of what was opened. Called on the reading thread alone. */
    interface Stream {
        /** Takes a frame. @throws IOException when the guest breaks the protocol */
        void frame(AgentFrame frame) throws IOException;

        /** The connection is over. Nothing else is called afterwards. */
        void lost(AgentException why);
    }

    private final ByteChannel channel;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    // Guarded by this.
    private final Map<Integer, Stream> streams = new HashMap<>();
    private final ArrayDeque<byte[]> queue = new ArrayDeque<>();
    private long queuedBytes;
    private int lastStream;
    private AgentException over;

    AgentConnection(ByteChannel channel) {
        this.channel = channel;
    }

    void start(String name) {
        daemon(this::readAll, name + "-in").start();
        daemon(this::writeAll, name + "-out").start();
    }

    /** Opens a stream by sending that, and hands its frames on from then; returns its number. */
    synchronized int open(Stream stream, int type, byte[] payload) throws AgentException {
        requireOpen();
        if (streams.size() == MAX_STREAMS) {
            throw new AgentException("the guest's agent is asked for " + MAX_STREAMS + " things already");
        }
        do {
            lastStream++;
        } while (lastStream == 0 || streams.containsKey(lastStream));
        streams.put(lastStream, stream);
        enqueue(new AgentFrame(type, lastStream, payload));
        return lastStream;
    }

    /** Greets on stream 0. */
    synchronized void greet(Stream stream, byte[] payload) throws AgentException {
        requireOpen();
        streams.put(0, stream);
        enqueue(new AgentFrame(AgentFrame.HELLO, 0, payload));
    }

    /** Sends, unless the connection or the stream is over. */
    synchronized void send(int type, int stream, byte[] payload) {
        if (over == null && streams.containsKey(stream)) {
            enqueue(new AgentFrame(type, stream, payload));
        }
    }

    /** What comes for that stream is of no interest any more. */
    synchronized void forget(int stream) {
        streams.remove(stream);
    }

    private void requireOpen() throws AgentException {
        if (over != null) {
            throw new AgentException(over.getMessage());
        }
    }

    private void enqueue(AgentFrame frame) {
        byte[] bytes = frame.encode();
        if (queuedBytes + bytes.length > MAX_QUEUED_BYTES) {
            end("the guest's agent does not read");
            return;
        }
        queue.add(bytes);
        queuedBytes += bytes.length;
        notifyAll();
    }

    private void readAll() {
        String why = "the guest's agent is gone";
        try {
            AgentFrame.Reader reader = new AgentFrame.Reader(channel);
            for (AgentFrame frame = reader.read(); frame != null; frame = reader.read()) {
                Stream stream = stream(frame.stream());
                if (stream != null) {
                    stream.frame(frame);
                }
            }
        } catch (IOException | RuntimeException e) {
            why = "the connection to the guest's agent ended: " + (e.getMessage() == null ? e : e.getMessage());
        }
        end(why);
        tellLost();
    }

    private synchronized Stream stream(int number) {
        return streams.get(number);
    }

    private void tellLost() {
        Map<Integer, Stream> left;
        AgentException why;
        synchronized (this) {
            left = new HashMap<>(streams);
            streams.clear();
            why = over;
        }
        left.values().forEach(stream -> stream.lost(why));
        ended.complete(null);
    }

    /** Completes when it is over and its streams know. */
    CompletionStage<Void> ended() {
        return ended;
    }

    private void writeAll() {
        try {
            for (byte[] frame = next(); frame != null; frame = next()) {
                ByteBuffer bytes = ByteBuffer.wrap(frame);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        } catch (IOException e) {
            end("cannot write to the guest's agent: " + e.getMessage());
        } catch (InterruptedException e) {
            end("interrupted");
        }
    }

    private synchronized byte[] next() throws InterruptedException {
        while (queue.isEmpty() && over == null) {
            wait();
        }
        if (over != null) {
            return null;
        }
        byte[] frame = queue.poll();
        queuedBytes -= frame.length;
        return frame;
    }

    /** Ends it, once; the reading thread tells the streams. */
    private void end(String why) {
        synchronized (this) {
            if (over != null) {
                return;
            }
            over = new AgentException(why);
            queue.clear();
            notifyAll();
        }
        try {
            channel.close();
        } catch (IOException e) {
            over.addSuppressed(e); // The descriptor is gone either way.
        }
    }

    @Override
    public void close() {
        end("the connection to the guest's agent was closed");
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(null, work, name, STACK_BYTES);
        thread.setDaemon(true);
        return thread;
    }
}
