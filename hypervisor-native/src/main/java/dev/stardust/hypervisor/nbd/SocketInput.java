package dev.stardust.hypervisor.nbd;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.libc.UnixSocket;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a client sends over a blocking socket, read ahead, so that small requests take one system call. One thread at a
 * time. Allocates nothing but arrays that are asked for.
 */
final class SocketInput implements AutoCloseable {
    /** Most bytes that are read ahead, and that {@link #await} can have at hand. */
    static final int CAPACITY = 64 << 10;

    private final int fd;
    private final MappedMemory memory = MappedMemory.anonymous(CAPACITY);
    private final UnsafeBuffer buffer = new UnsafeBuffer(memory.address(), CAPACITY);
    private int at;
    private int end;

    SocketInput(int fd) {
        this.fd = fd;
    }

    /** Waits until that many bytes are at hand, at most {@link #CAPACITY}; false when the client sends no more. */
    boolean await(int length) {
        if (end - at < length && at > 0) {
            buffer.putBytes(0, buffer, at, end - at);
            end -= at;
            at = 0;
        }
        while (end - at < length) {
            long received = receive(memory.address() + end, CAPACITY - end);
            if (received <= 0) {
                return false;
            }
            end += (int) received;
        }
        return true;
    }

    /** The next of the bytes at hand as 16 bits without a sign. */
    int nextShort() {
        return buffer.getShort(take(Short.BYTES), Nbd.ORDER) & 0xFFFF;
    }

    /** The next of the bytes at hand as 32 bits. */
    int nextInt() {
        return buffer.getInt(take(Integer.BYTES), Nbd.ORDER);
    }

    /** The next of the bytes at hand as 64 bits. */
    long nextLong() {
        return buffer.getLong(take(Long.BYTES), Nbd.ORDER);
    }

    /** The next of the bytes at hand. */
    byte[] nextBytes(int length) {
        byte[] bytes = new byte[length];
        buffer.getBytes(take(length), bytes);
        return bytes;
    }

    /** Fills memory with what comes next; false when the client sends no more before. */
    boolean read(long address, int length) {
        int done = Math.min(length, end - at);
        Libc.C.memcpy(address, memory.address() + take(done), done);
        while (done < length) {
            long received = receive(address + done, length - done);
            if (received <= 0) {
                return false;
            }
            done += (int) received;
        }
        return true;
    }

    /** Throws away what comes next; false when the client sends no more before. */
    boolean skip(long length) {
        long left = length;
        while (left > 0) {
            if (!await(1)) {
                return false;
            }
            int part = (int) Math.min(left, end - at);
            take(part);
            left -= part;
        }
        return true;
    }

    private int take(int length) {
        int from = at;
        at += length;
        return from;
    }

    private long receive(long address, long length) {
        long received = UnixSocket.receive(fd, address, length);
        while (received == -Errno.EINTR) {
            received = UnixSocket.receive(fd, address, length);
        }
        return received;
    }

    @Override
    public void close() {
        memory.close();
    }
}
