package dev.stardust.hypervisor.libc;

import org.agrona.UnsafeApi;

/**
 * Waits for many descriptors at once: {@code epoll(7)}, level-triggered, for reading. Descriptors may be added and
 * removed by any thread; one thread waits.
 *
 * <pre>
 *  struct epoll_event, 12 bytes (packed on x86-64)
 *   0        4                12
 *  +--------+------------------+
 *  | events | data             |
 *  +--------+------------------+
 * </pre>
 */
public final class Epoll implements AutoCloseable {
    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int CTL_ADD = 1;
    private static final int CTL_DEL = 2;
    private static final int EPOLLIN = 1;
    private static final int EVENT_SIZE = 12;
    private static final int DATA_OFFSET = 4;

    private final NativeStruct events;
    private final int capacity;
    private int fd;

    /**
     * Makes one.
     *
     * @param capacity most events that one {@link #await} returns
     */
    public Epoll(int capacity) {
        this.capacity = capacity;
        fd = Libc.check("epoll_create1", Libc.C.epoll_create1(EPOLL_CLOEXEC));
        events = new NativeStruct(capacity * EVENT_SIZE);
    }

    /**
     * Waits for a descriptor too.
     *
     * @param data what {@link #data} gives back when it can be read
     */
    public void add(int readable, long data) {
        try (NativeStruct event = new NativeStruct(EVENT_SIZE)) {
            event.buffer().putInt(0, EPOLLIN);
            event.buffer().putLong(DATA_OFFSET, data);
            Libc.check("epoll_ctl add", Libc.C.epoll_ctl(fd, CTL_ADD, readable, event.address()));
        }
    }

    /** Waits for a descriptor no more; an {@link #await} that has returned may still name it. */
    public void remove(int readable) {
        Libc.check("epoll_ctl remove", Libc.C.epoll_ctl(fd, CTL_DEL, readable, 0));
    }

    /**
     * Blocks until something can be read.
     *
     * @param timeoutMs how long at most, -1 for as long as it takes
     * @return number of descriptors that are ready, 0 after the time-out or a signal
     */
    public int await(int timeoutMs) {
        int ready = Libc.C.epoll_wait(fd, events.address(), capacity, timeoutMs);
        if (ready < 0) {
            int errno = Libc.errno();
            if (errno == Errno.EINTR) {
                return 0;
            }
            throw new NativeException("epoll_wait", errno);
        }
        return ready;
    }

    /** The data of a ready descriptor, counted from 0 to what {@link #await} returned. */
    public long data(int index) {
        if (index < 0 || index >= capacity) {
            throw new IndexOutOfBoundsException(index);
        }
        return UnsafeApi.getLong(events.address() + (long) index * EVENT_SIZE + DATA_OFFSET);
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Libc.C.close(fd);
            fd = -1;
            events.close();
        }
    }
}
