package dev.stardust.hypervisor.nbd;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.UnixSocket;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client. Its threads take turns at reading: the one that has a request lets the next one read while it serves its own, so
 * that one slow request, as a flush, does not hold up the others. Threads are started as they are needed.
 */
final class NbdConnection {
    /** Most requests of a client that are served at a time. */
    static final int MAX_THREADS = 4;

    private static final Logger LOG = LoggerFactory.getLogger(NbdConnection.class);

    /** Backends decompress chunks on it. */
    private static final int STACK_BYTES = 256 << 10;

    private final NbdServer server;
    private final int number;
    private final int fd;
    private final long sinceNanos = System.nanoTime();
    private final SocketInput input;
    private final SocketOutput output;

    /** Held by the thread whose turn it is. A monitor, since waiting for one allocates nothing. */
    private final Object turn = new Object();

    private final AtomicInteger waiting = new AtomicInteger();

    /** Under {@link #turn}: no more requests are read. */
    private boolean ended;

    /** Under {@link #turn}. */
    private int started;

    private volatile Agreed agreed;

    /** Under this object's lock; the last thread that ends closes the socket. */
    private int threads;

    private boolean closed;

    /** Takes over a connection whose calls wait. */
    NbdConnection(NbdServer server, int number, int fd) {
        this.server = server;
        this.number = number;
        this.fd = fd;
        input = new SocketInput(fd);
        output = new SocketOutput(fd);
    }

    /** Begins with the handshake. */
    void start() {
        startThread(this::handshakeAndServe);
    }

    private void startThread(Runnable work) {
        int index = started++;
        synchronized (this) {
            threads++;
        }
        Thread thread = new Thread(null, () -> run(work), "nbd-" + number + "-" + index, STACK_BYTES);
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            // There are as many as the system allows: those that run serve.
            LOG.warn("no further thread for a client of {}: {}", server.path(), e.getMessage());
            threadEnded();
        }
    }

    private void run(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            LOG.error("a client of {} loses its connection by an error of the server's", server.path(), e);
            hangUp();
        } finally {
            threadEnded();
        }
    }

    private void handshakeAndServe() {
        if (new Handshake(input, output, server.exports(), this::agree).run()) {
            serve();
        }
    }

    private void agree(Agreed choice) {
        agreed = choice;
        server.agreed();
    }

    private void serve() {
        try (RequestServer requests = new RequestServer(server, this, agreed, input, output)) {
            boolean goesOn = true;
            while (goesOn) {
                goesOn = receive(requests) && requests.serve();
            }
        }
    }

    /** Waits for this thread's turn and a request; false when there are no more. */
    private boolean receive(RequestServer requests) {
        waiting.incrementAndGet();
        synchronized (turn) {
            waiting.decrementAndGet();
            if (ended || !requests.receive()) {
                ended = true;
                return false;
            }
            if (started < MAX_THREADS && waiting.get() == 0) {
                startThread(this::serve);
            }
            return true;
        }
    }

    private void threadEnded() {
        boolean last;
        synchronized (this) {
            threads--;
            last = threads == 0;
            if (last) {
                closed = true;
                Libc.C.close(fd);
                input.close();
            }
        }
        if (last) {
            server.ended(this);
        }
    }

    /** Whether its handshake is not over, that long after it came. */
    boolean isLate(long nowNanos, long limitNanos) {
        return agreed == null && nowNanos - sinceNanos > limitNanos;
    }

    /** Whether its handshake is not over. */
    boolean isShaking() {
        return agreed == null;
    }

    /** Whether it is being waited for to take an answer. */
    boolean isSending() {
        return output.isSending();
    }

    /** Ends the connection, whatever is under way; its threads end soon. */
    synchronized void hangUp() {
        if (!closed) {
            UnixSocket.endReading(fd);
            UnixSocket.endWriting(fd);
        }
    }
}
