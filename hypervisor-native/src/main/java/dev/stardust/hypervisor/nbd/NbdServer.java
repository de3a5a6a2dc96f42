package dev.stardust.hypervisor.nbd;

import dev.stardust.hypervisor.libc.Epoll;
import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.libc.Threads;
import dev.stardust.hypervisor.libc.UnixSocket;
import dev.stardust.hypervisor.virtio.blk.BackendFullException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves disks by the NBD protocol at a unix socket of mode 0600, to 16 clients at a time. Requests of a client are served up
 * to four at a time and answered as they are done; a flush of one client covers what was answered to all. Requests may have
 * 32 MiB of data; those above 2 MiB are served by pieces. A client that has not chosen a disk after 10 s loses its connection,
 * as does one that breaks the rules.
 */
public final class NbdServer implements AutoCloseable {
    static final int MAX_CLIENTS = 16;

    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);

    private static final long HANDSHAKE_LIMIT_MS = 10_000;
    private static final int LATE_CHECK_MS = 500;
    private static final long ANSWER_LIMIT_MS = 10_000;
    private static final long LOG_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long ACCEPT_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int STACK_BYTES = 256 << 10;

    private final Path path;
    private final List<NbdExport> exports;
    private final long handshakeLimitNanos;
    private final long answerLimitMs;
    private final RequestGate gate = new RequestGate();
    private final TransferPool transfers = new TransferPool();
    private final int listener;
    private final Epoll epoll = new Epoll(1);
    private final EventFd wake = new EventFd();
    private final Thread acceptor;
    private final Set<NbdConnection> connections = new HashSet<>();
    private volatile boolean closed;

    /** Under this object's lock. */
    private boolean wasUsed;

    /** When an error of a disk was last logged, and how many have not been since; under this object's lock. */
    private long loggedNanos = System.nanoTime() - LOG_PAUSE_NANOS;

    private long unlogged;

    /**
     * Listens at a path; a socket that a dead process left there is replaced.
     *
     * @param exports the disks, of different names; a client that gives no name gets the one disk, if there is just one
     * @throws IllegalArgumentException if the path is too long for a socket, or two disks have one name
     * @throws NativeException if another process listens there
     */
    public NbdServer(Path path, List<NbdExport> exports) {
        this(path, exports, HANDSHAKE_LIMIT_MS, ANSWER_LIMIT_MS);
    }

    NbdServer(Path path, List<NbdExport> exports, long handshakeLimitMs, long answerLimitMs) {
        if (exports.stream().map(NbdExport::name).distinct().count() < exports.size()) {
            throw new IllegalArgumentException("two disks at " + path + " have one name");
        }
        this.path = path;
        this.exports = List.copyOf(exports);
        this.answerLimitMs = answerLimitMs;
        handshakeLimitNanos = TimeUnit.MILLISECONDS.toNanos(handshakeLimitMs);
        try {
            listener = UnixSocket.listen(path, MAX_CLIENTS);
        } catch (RuntimeException e) {
            epoll.close();
            wake.close();
            throw e;
        }
        epoll.add(listener, 0);
        epoll.add(wake.fd(), 0);
        acceptor = new Thread(null, this::acceptAll, "nbd-accept", STACK_BYTES);
        acceptor.setDaemon(true);
        acceptor.start();
    }

    private void acceptAll() {
        int number = 0;
        while (!closed) {
            epoll.await(hangUpLate() ? LATE_CHECK_MS : -1);
            int fd = UnixSocket.accept(listener);
            if (fd >= 0) {
                welcome(fd, number++);
            } else if (fd != -Errno.EAGAIN && fd != -Errno.EINTR) {
                LOG.warn("cannot take a client at {}: {}", path, Errno.text(-fd));
                LockSupport.parkNanos(ACCEPT_PAUSE_NANOS);
            }
        }
    }

    /** Whether there are handshakes that go on. */
    private synchronized boolean hangUpLate() {
        long now = System.nanoTime();
        boolean some = false;
        for (NbdConnection connection : connections) {
            some |= connection.isShaking();
            if (connection.isLate(now, handshakeLimitNanos)) {
                LOG.warn("a client of {} loses its connection: it has chosen no disk for too long", path);
                connection.hangUp();
            }
        }
        return some;
    }

    private synchronized void welcome(int fd, int number) {
        if (closed || connections.size() == MAX_CLIENTS) {
            LOG.warn("refused a client at {}: there are {}", path, connections.size());
            Libc.C.close(fd);
            return;
        }
        UnixSocket.makeBlocking(fd);
        NbdConnection connection = new NbdConnection(this, number, fd);
        connections.add(connection);
        connection.start();
    }

    Path path() {
        return path;
    }

    List<NbdExport> exports() {
        return exports;
    }

    RequestGate gate() {
        return gate;
    }

    TransferPool transfers() {
        return transfers;
    }

    /** A client has chosen a disk. */
    synchronized void agreed() {
        wasUsed = true;
    }

    /** A client is gone, and all its threads with it. */
    synchronized void ended(NbdConnection connection) {
        connections.remove(connection);
        if (connections.isEmpty()) {
            transfers.trim();
        }
        notifyAll();
    }

    /** Logs an error of a disk, one a second, and gives what to tell the client. */
    synchronized int failed(NbdExport export, Exception e) {
        long now = System.nanoTime();
        if (now - loggedNanos < LOG_PAUSE_NANOS) {
            unlogged++;
        } else {
            LOG.error("disk {} at {} failed; {} errors before this one are not told", export.name(), path, unlogged, e);
            loggedNanos = now;
            unlogged = 0;
        }
        return e instanceof BackendFullException ? Nbd.ENOSPC : Nbd.EIO;
    }

    /**
     * Holds new requests and returns when those under way are answered: no disk is touched until {@link #resume()}. A write of
     * more than 2 MiB may be held in its middle. A client that does not take an answer for 10 s meanwhile loses its
     * connection.
     */
    public void quiesce() {
        while (!gate.hold(answerLimitMs)) {
            hangUp(true);
        }
    }

    /** Serves requests again, those that were held first. */
    public void resume() {
        gate.release();
    }

    /** Returns when there was a client that has chosen a disk, and none is left; or when the server is closed. */
    public synchronized void awaitLastClient() throws InterruptedException {
        while (!closed && !(wasUsed && connections.stream().allMatch(NbdConnection::isShaking))) {
            wait();
        }
    }

    private synchronized void hangUp(boolean onlySending) {
        connections.stream().filter(c -> !onlySending || c.isSending()).forEach(NbdConnection::hangUp);
    }

    /** Answers what is under way, hangs up and removes the socket. The disks stay open. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            notifyAll();
        }
        wake.signal();
        Threads.join(acceptor);
        Libc.C.close(listener);
        epoll.close();
        wake.close();
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("cannot remove the socket {}: {}", path, e.toString());
        }
        quiesce();
        gate.close();
        hangUp(false);
        awaitNobody();
    }

    private synchronized void awaitNobody() {
        boolean interrupted = false;
        while (!connections.isEmpty()) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
