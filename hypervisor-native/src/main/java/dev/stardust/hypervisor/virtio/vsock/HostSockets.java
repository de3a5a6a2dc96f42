package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.libc.Epoll;
import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.UnixAddress;
import dev.stardust.hypervisor.libc.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's side, by Firecracker's convention ({@code docs/vsock.md} there): host programs connect to a unix socket
 * {@code PATH} and say {@code CONNECT <port>}, the guest reaches port P of the host at the unix socket {@code PATH_P}.
 * All sockets are in one epoll instance. Nothing here waits for anybody.
 */
final class HostSockets implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostSockets.class);
    private static final int EVENTS = 64;
    private static final int ACCEPTS_AT_ONCE = 16;
    private static final int BACKLOG = 128;
    private static final long LISTENER = -1;
    private static final int ANSWER_BYTES = 16;

    /** Ports that we give to host programs' connections; guests use these of the host for nothing else. */
    private static final int FIRST_HOST_PORT = 1 << 30;

    private final Path path;
    private final ConnectionTable table;
    private final VsockMetrics metrics;
    private final UnixAddress guestTarget;
    private final Epoll epoll;
    private final int listener;
    private final UnsafeBuffer line = new UnsafeBuffer(ByteBuffer.allocateDirect(ConnectLine.MAX_BYTES));
    private final UnsafeBuffer answer = new UnsafeBuffer(ByteBuffer.allocateDirect(ANSWER_BYTES));
    private boolean mayAccept = true;
    private int nextHostPort = FIRST_HOST_PORT;

    HostSockets(Path path, ConnectionTable table, VsockMetrics metrics) {
        this.path = path;
        this.table = table;
        this.metrics = metrics;
        guestTarget = UnixAddress.numbered(path + "_");
        epoll = new Epoll(EVENTS);
        try {
            listener = UnixSocket.listen(path, BACKLOG);
        } catch (RuntimeException e) {
            epoll.close();
            throw e;
        }
        epoll.addEdge(listener, LISTENER);
    }

    /** Becomes readable when {@link #poll} has something to do. */
    int fd() {
        return epoll.fd();
    }

    /** Connects to the host program that listens for the guest's port; its descriptor, or a negative error number. */
    int connect(int port) {
        guestTarget.setNumber(port);
        return UnixSocket.connect(guestTarget);
    }

    /** Tells from now on when a connection's socket can be used. */
    void watch(Connection connection) {
        epoll.addSocket(connection.fd(), connection.place());
    }

    /** Sees to what happened at the sockets; false if there may be more to do at once. */
    boolean poll() {
        int ready = epoll.await(0);
        for (int i = 0; i < ready; i++) {
            if (epoll.token(i) == LISTENER) {
                mayAccept = true;
            } else {
                // The place may have been given to another connection since: that one only looks once too often.
                happened(table.at((int) epoll.token(i)), epoll.conditions(i));
            }
        }
        for (int i = 0; i < ACCEPTS_AT_ONCE && mayAccept; i++) {
            accept();
        }
        return ready < EVENTS && !mayAccept;
    }

    private void accept() {
        int fd = UnixSocket.accept(listener);
        if (fd < 0) {
            mayAccept = false;
            if (!UnixSocket.isNotNow(fd)) {
                LOG.warn("cannot accept a connection at {}: {}", path, Errno.text(-fd));
            }
        } else if (table.isFull()) {
            Libc.C.close(fd);
            metrics.refused.increment();
        } else {
            Connection connection = table.take();
            connection.greet(fd);
            watch(connection);
        }
    }

    private void happened(Connection connection, int conditions) {
        boolean gone = (conditions & (Epoll.HUP | Epoll.ERR)) != 0;
        if (gone || (conditions & (Epoll.IN | Epoll.RDHUP)) != 0) {
            connection.noteReadable(gone);
        }
        switch (connection.state()) {
            case GREETING -> readLine(connection, gone || (conditions & Epoll.RDHUP) != 0);
            case REQUESTED -> {
                if (gone) {
                    connection.leave(PacketHeader.RST);
                }
            }
            case OPEN -> connection.flush();
            case DRAINING -> drain(connection);
            case LEAVING, FREE -> {}
        }
        table.queue(connection);
    }

    /** Hands over what is left of a connection that the guest is done with. */
    void drain(Connection connection) {
        connection.flush();
        if (connection.isDrained()) {
            table.free(connection);
        }
    }

    /** Tells a host program that the guest accepted; false if it cannot be told. */
    boolean welcome(Connection connection) {
        String text = "OK " + Integer.toUnsignedString(connection.hostPort()) + "\n";
        int length = answer.putStringWithoutLengthAscii(0, text);
        connection.opened();
        return UnixSocket.send(connection.fd(), answer.addressOffset(), length) == length;
    }

    private void readLine(Connection connection, boolean noMore) {
        long found = UnixSocket.peek(connection.fd(), line.addressOffset(), ConnectLine.MAX_BYTES);
        if (UnixSocket.isNotNow(found)) {
            return;
        }
        long parsed = found > 0 ? ConnectLine.parse(line, (int) found) : ConnectLine.WRONG;
        if (parsed == ConnectLine.WRONG || (parsed == ConnectLine.INCOMPLETE && noMore)) {
            table.free(connection);
        } else if (parsed != ConnectLine.INCOMPLETE) {
            UnixSocket.receive(connection.fd(), line.addressOffset(), ConnectLine.length(parsed));
            int guestPort = ConnectLine.port(parsed);
            connection.request(freeHostPort(guestPort), guestPort);
            table.name(connection);
        }
    }

    private int freeHostPort(int guestPort) {
        int port;
        do {
            port = nextHostPort;
            nextHostPort = port == Integer.MAX_VALUE ? FIRST_HOST_PORT : port + 1;
        } while (table.find(port, guestPort) != null);
        return port;
    }

    @Override
    public void close() {
        epoll.close();
        Libc.C.close(listener);
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("cannot remove the socket {}: {}", path, e.toString());
        }
    }
}
