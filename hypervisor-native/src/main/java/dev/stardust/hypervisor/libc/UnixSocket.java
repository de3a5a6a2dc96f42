package dev.stardust.hypervisor.libc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Unix stream sockets by their descriptors, nonblocking and close-on-exec. Those that are called often return a negative
 * error number where others throw; they allocate nothing.
 */
public final class UnixSocket {
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 04000;
    private static final int SOCK_CLOEXEC = 02000000;
    private static final int MSG_PEEK = 2;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int SHUT_RD = 0;
    private static final int SHUT_WR = 1;
    private static final int F_SETFL = 4;
    private static final int OWNER_ONLY = 0600;

    private UnixSocket() {}

    /**
     * Listens at a path, for this user alone. A socket that a dead process left there is replaced.
     *
     * @throws NativeException if another process listens there, or the path cannot be used
     */
    public static int listen(Path path, int backlog) {
        UnixAddress address = UnixAddress.of(path.toString());
        int fd = Libc.check(open(), "socket");
        try {
            // Set before the path exists, so that nobody else can connect in between.
            Libc.check(Libc.C.fchmod(fd, OWNER_ONLY), "fchmod of a socket");
            int bound = bind(fd, address);
            if (bound == -Errno.EADDRINUSE && isStale(path, address)) {
                Files.delete(path);
                bound = bind(fd, address);
            }
            if (bound < 0) {
                throw new NativeException("listening at " + path, -bound);
            }
            Libc.check(Libc.C.listen(fd, backlog), "listen");
            return fd;
        } catch (IOException e) {
            Libc.C.close(fd);
            throw new UncheckedIOException("cannot replace the socket " + path + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            Libc.C.close(fd);
            throw e;
        }
    }

    private static int bind(int fd, UnixAddress address) {
        try {
            return Libc.C.bind(fd, address.address(), address.length()) < 0 ? -Libc.errno() : 0;
        } finally {
            Reference.reachabilityFence(address);
        }
    }

    /** A file that is no socket refuses connections as well, and is none of ours to remove. */
    private static boolean isStale(Path path, UnixAddress address) throws IOException {
        BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!found.isOther()) {
            return false;
        }
        int fd = connect(address);
        if (fd >= 0) {
            Libc.C.close(fd);
        }
        return fd == -Errno.ECONNREFUSED;
    }

    private static int open() {
        return Libc.C.socket(UnixAddress.AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }

    /** A new connection's descriptor, or a negative error number: EAGAIN when none waits. */
    public static int accept(int listener) {
        int fd = Libc.C.accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
        return fd < 0 ? -Libc.errno() : fd;
    }

    /** Has calls on a connection wait from now on; {@link #endReading} and {@link #endWriting} end the wait. */
    public static void makeBlocking(int fd) {
        Libc.check(Libc.C.fcntl(fd, F_SETFL, 0), "fcntl of a socket");
    }

    /** A connection's descriptor, or a negative error number: EAGAIN when whoever listens there does not keep up. */
    public static int connect(UnixAddress address) {
        int fd = open();
        if (fd < 0) {
            return -Libc.errno();
        }
        try {
            if (Libc.C.connect(fd, address.address(), address.length()) < 0) {
                int error = Libc.errno();
                Libc.C.close(fd);
                return -error;
            }
            return fd;
        } finally {
            Reference.reachabilityFence(address);
        }
    }

    /** Bytes that the socket took, or a negative error number; no signal when the other side is gone. */
    public static long send(int fd, long address, long length) {
        long sent = Libc.C.send(fd, address, length, MSG_NOSIGNAL);
        return sent < 0 ? -Libc.errno() : sent;
    }

    /** Bytes read, 0 when the other side writes no more, or a negative error number. */
    public static long receive(int fd, long address, long length) {
        long received = Libc.C.recv(fd, address, length, 0);
        return received < 0 ? -Libc.errno() : received;
    }

    /** As {@link #receive}, and leaves the bytes where they are. */
    public static long peek(int fd, long address, long length) {
        long received = Libc.C.recv(fd, address, length, MSG_PEEK);
        return received < 0 ? -Libc.errno() : received;
    }

    /** Whether such a result only says that the socket is full, or empty, for now. */
    public static boolean isNotNow(long result) {
        return result == -Errno.EAGAIN;
    }

    /** Has the other side read to the end of what was sent, and no more. One that is gone already is no error. */
    public static void endWriting(int fd) {
        Libc.C.shutdown(fd, SHUT_WR);
    }

    /** Has the other side fail when it writes. One that is gone already is no error. */
    public static void endReading(int fd) {
        Libc.C.shutdown(fd, SHUT_RD);
    }
}
