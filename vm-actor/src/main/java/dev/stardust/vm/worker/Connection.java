package dev.stardust.vm.worker;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;

/**
 * One end of a unix socket connection: a thread that reads messages and one that writes them. Sending never blocks: a
 * peer that does not read for so long that the queue fills is cut off, so a stopped node cannot hold up a VM.
 */
final class Connection implements AutoCloseable {
    /** Called on the reading thread. */
    interface Handler {
        void onMessage(Connection connection, Message message);

        /** Called once, after the last message. */
        void onClosed(Connection connection, String why);
    }

    private static final int MAX_QUEUED_BYTES = 2 * Frames.MAX_LENGTH;

    private final SocketChannel channel;
    private final Handler handler;
    private final ArrayDeque<byte[]> queue = new ArrayDeque<>();
    private long queuedBytes;
    private boolean draining;
    private boolean closed;
    private String why;

    Connection(SocketChannel channel, Handler handler) {
        this.channel = channel;
        this.handler = handler;
    }

    void start(String name) {
        daemon(this::readAll, name + "-in").start();
        daemon(this::writeAll, name + "-out").start();
    }

    /** Queues a message; false if the connection is closed (or is closed because the peer does not read). */
    boolean send(Message message) {
        return send(message.encode());
    }

    /** Queues a message encoded before. */
    boolean send(byte[] frame) {
        synchronized (queue) {
            if (closed || draining) {
                return false;
            }
            if (queuedBytes + frame.length <= MAX_QUEUED_BYTES) {
                queue.add(frame);
                queuedBytes += frame.length;
                queue.notifyAll();
                return true;
            }
        }
        close("the other side does not read");
        return false;
    }

    /** Closes once everything queued so far has been written, or after that time. */
    void closeWhenSent(long timeoutMs) throws InterruptedException {
        long end = System.nanoTime() + timeoutMs * 1_000_000;
        synchronized (queue) {
            draining = true;
            queue.notifyAll();
            long leftMs;
            while (!closed && (leftMs = (end - System.nanoTime()) / 1_000_000) > 0) {
                queue.wait(leftMs);
            }
        }
        close();
    }

    @Override
    public void close() {
        close("closed");
    }

    private void close(String reason) {
        synchronized (queue) {
            if (closed) {
                return;
            }
            closed = true;
            why = reason;
            queue.notifyAll();
        }
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing is left to be told: the descriptor is gone either way.
            why = reason + ", " + e.getMessage();
        }
    }

    private void readAll() {
        try {
            Frames.Reader reader = new Frames.Reader(channel);
            byte[] frame;
            while ((frame = reader.read()) != null) {
                handler.onMessage(this, Message.decode(frame));
            }
            close("the other side closed the connection");
        } catch (IOException e) {
            close(e.getMessage() == null ? e.toString() : e.getMessage());
        } catch (RuntimeException e) {
            close("failed at a message: " + e);
        } finally {
            close("the reading thread ended");
            handler.onClosed(this, why);
        }
    }

    private void writeAll() {
        try {
            Frames.Writer writer = new Frames.Writer(channel);
            byte[] frame;
            while ((frame = next()) != null) {
                writer.write(frame);
            }
            close("closed");
        } catch (IOException e) {
            close("cannot write: " + e.getMessage());
        } catch (InterruptedException e) {
            close("interrupted");
        }
    }

    private byte[] next() throws InterruptedException {
        synchronized (queue) {
            while (queue.isEmpty() && !closed && !draining) {
                queue.wait();
            }
            if (closed || queue.isEmpty()) {
                return null;
            }
            byte[] frame = queue.poll();
            queuedBytes -= frame.length;
            return frame;
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(null, task, name, 256 << 10);
        thread.setDaemon(true);
        return thread;
    }
}
