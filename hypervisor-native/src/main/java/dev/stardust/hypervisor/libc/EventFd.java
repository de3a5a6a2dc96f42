package dev.stardust.hypervisor.libc;

import org.agrona.UnsafeApi;

/**
 * A counter in the kernel that wakes whoever waits for it: {@code eventfd(2)}, non-blocking, closed on exec. Signals may
 * come from any thread; {@link #drain} is for the one thread that waits. Not to be used while or after it is closed.
 */
public final class EventFd implements AutoCloseable {
    private final NativeStruct words = new NativeStruct(2 * Long.BYTES);
    private final long one = words.address();
    private final long count = words.address() + Long.BYTES;
    private int fd;

    /** Makes one with a count of zero. */
    public EventFd() {
        UnsafeApi.putLong(one, 1);
        fd = Libc.C.eventfd(0, Flags.EFD_CLOEXEC | Flags.EFD_NONBLOCK);
        if (fd < 0) {
            NativeException failure = new NativeException("eventfd", Libc.errno());
            words.close();
            throw failure;
        }
    }

    /** The descriptor. */
    public int fd() {
        return fd;
    }

    /** Adds one to the count. A count that is full stays so: it wakes all the same. */
    public void signal() {
        if (Libc.C.write(fd, one, Long.BYTES) < 0 && Libc.errno() != Errno.EAGAIN) {
            throw new NativeException("write to an eventfd", Libc.errno());
        }
    }

    /** Takes the count and sets it to zero; zero if nothing was signalled. */
    public long drain() {
        if (Libc.C.read(fd, count, Long.BYTES) < 0) {
            int errno = Libc.errno();
            if (errno == Errno.EAGAIN) {
                return 0;
            }
            throw new NativeException("read from an eventfd", errno);
        }
        return UnsafeApi.getLong(count);
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Libc.C.close(fd);
            fd = -1;
            words.close();
        }
    }
}
