package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.libc.Epoll;
import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.libc.UnixAddress;
import dev.stardust.hypervisor.libc.UnixSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.UnsafeApi;

/**
 * A connection to passt (passt(1)), a network of the host that needs no rights. Both ways a stream of frames without
 * offloads, as QEMU's {@code -netdev stream} has them:
 *
 * <pre>
 *  0                    4
 *  +--------------------+-----------------+
 *  | length, big-endian | Ethernet frame  | ...
 *  +--------------------+-----------------+
 * </pre>
 */
public final class PasstBackend implements NetBackend {
    private static final int LENGTH_BYTES = 4;
    private static final int MIN_FRAME_BYTES = 14;
    private static final int MAX_FRAME_BYTES = MAX_BYTES - HEADER_BYTES;
    private static final int VECTOR_BYTES = 16;
    private static final int MAX_VECTORS = 1024;
    private static final int INPUT_BYTES = 2 * MAX_BYTES;

    private final int fd;
    private final Epoll writable = new Epoll(1);

    /** What was read and not handed on, from {@code inputStart} to {@code inputEnd}. */
    private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BYTES).order(ByteOrder.BIG_ENDIAN);

    /** The rest of a frame that the socket took in part, from {@code restStart} to {@code restEnd}. */
    private final ByteBuffer rest = ByteBuffer.allocateDirect(MAX_BYTES);

    private final ByteBuffer length = ByteBuffer.allocateDirect(LENGTH_BYTES).order(ByteOrder.BIG_ENDIAN);
    private final ByteBuffer vectors =
            ByteBuffer.allocateDirect(MAX_VECTORS * VECTOR_BYTES).order(ByteOrder.nativeOrder());
    private int inputStart;
    private int inputEnd;
    private int restStart;
    private int restEnd;
    private boolean closed;

    /**
     * Takes over a connection.
     *
     * @param fd a nonblocking stream socket
     */
    public PasstBackend(int fd) {
        this.fd = fd;
        vectors.putLong(0, Libc.address(length)).putLong(Long.BYTES, LENGTH_BYTES);
        writable.addWritableEdge(fd, 0);
    }

    /**
     * Connects to a passt that listens.
     *
     * @throws NativeException if nobody does
     */
    public static PasstBackend connect(String socket) {
        int fd = UnixSocket.connect(UnixAddress.of(socket));
        if (fd < 0) {
            throw new NativeException("connect to passt at " + socket, -fd);
        }
        return new PasstBackend(fd);
    }

    @Override
    public long offloads() {
        return 0;
    }

    @Override
    public void useOffloads(long features) {
        // There are none to be used.
    }

    @Override
    public int readableFd() {
        return fd;
    }

    @Override
    public int writableFd() {
        return writable.fd();
    }

    @Override
    public int read(long address, int capacity) {
        while (true) {
            int pending = inputEnd - inputStart;
            if (pending >= LENGTH_BYTES) {
                int frame = input.getInt(inputStart);
                if (frame < MIN_FRAME_BYTES || frame > MAX_FRAME_BYTES) {
                    return -Errno.EPROTO;
                }
                if (pending >= LENGTH_BYTES + frame) {
                    return take(frame, address, capacity);
                }
            }
            int more = fill();
            if (more <= 0) {
                return more;
            }
        }
    }

    private int take(int frame, long address, int capacity) {
        UnsafeApi.setMemory(address, HEADER_BYTES, (byte) 0);
        int fits = Math.min(frame, capacity - HEADER_BYTES);
        UnsafeApi.copyMemory(Libc.address(input) + inputStart + LENGTH_BYTES, address + HEADER_BYTES, fits);
        inputStart += LENGTH_BYTES + frame;
        return HEADER_BYTES + fits;
    }

    /** Reads more; returns how much, 0 if there is nothing now, or a negated error number. */
    private int fill() {
        long start = Libc.address(input);
        UnsafeApi.copyMemory(start + inputStart, start, inputEnd - inputStart);
        inputEnd -= inputStart;
        inputStart = 0;
        long got = Libc.C.read(fd, start + inputEnd, INPUT_BYTES - inputEnd);
        if (got < 0) {
            return later() ? 0 : -Libc.errno();
        }
        inputEnd += (int) got;
        return got == 0 ? -Errno.ECONNRESET : (int) got;
    }

    private static boolean later() {
        int errno = Libc.errno();
        return errno == Errno.EAGAIN || errno == Errno.EINTR;
    }

    @Override
    public int write(long given, int count) {
        finishWrites();
        if (restStart < restEnd) {
            return 0;
        }
        // The header that comes first says nothing, since there are no offloads; the length takes its place.
        int bytes = 0;
        for (int i = 1; i < count; i++) {
            long vectorBytes = UnsafeApi.getLong(given + (long) i * VECTOR_BYTES + Long.BYTES);
            vectors.putLong(i * VECTOR_BYTES, UnsafeApi.getLong(given + (long) i * VECTOR_BYTES));
            vectors.putLong(i * VECTOR_BYTES + Long.BYTES, vectorBytes);
            bytes += (int) vectorBytes;
        }
        length.putInt(0, bytes);
        long sent = Libc.C.writev(fd, Libc.address(vectors), count);
        if (sent < 0) {
            return later() ? 0 : -Libc.errno();
        }
        if (sent < LENGTH_BYTES + bytes) {
            keepRest(count, sent);
        }
        return HEADER_BYTES + bytes;
    }

    /** Copies what the socket did not take: the driver gets its buffers back. */
    private void keepRest(int count, long sent) {
        restStart = 0;
        restEnd = 0;
        long skip = sent;
        for (int i = 0; i < count; i++) {
            long bytes = vectors.getLong(i * VECTOR_BYTES + Long.BYTES);
            long skipped = Math.min(skip, bytes);
            skip -= skipped;
            UnsafeApi.copyMemory(
                    vectors.getLong(i * VECTOR_BYTES) + skipped, Libc.address(rest) + restEnd, bytes - skipped);
            restEnd += (int) (bytes - skipped);
        }
    }

    @Override
    public void finishWrites() {
        if (restStart < restEnd) {
            long sent = Libc.C.write(fd, Libc.address(rest) + restStart, restEnd - restStart);
            if (sent > 0) {
                restStart += (int) sent;
            } else if (!later()) {
                restStart = restEnd; // The connection is lost, which the next frame finds out.
            }
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            writable.close();
            Libc.check(Libc.C.close(fd), "close of a connection to passt");
        }
    }
}
