package dev.stardust.hypervisor.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An epoll(7) instance for readable descriptors, each with a 64-bit token. Waiting allocates nothing. */
public final class Epoll implements AutoCloseable {
    private static final int EPOLL_CLOEXEC = 02000000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLLIN = 1;
    /** {@code struct epoll_event} is packed on x86-64: events at 0, data at 4. */
    private static final int EVENT_SIZE = 12;

    private static final int DATA_OFFSET = 4;

    private final int fd = Libc.check(Libc.C.epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    private final ByteBuffer events;
    private final long eventsAddress;
    private final int maxEvents;
    private boolean closed;

    /** An instance that reports at most {@code maxEvents} at a time. */
    public Epoll(int maxEvents) {
        this.maxEvents = maxEvents;
        this.events = ByteBuffer.allocateDirect(maxEvents * EVENT_SIZE).order(ByteOrder.nativeOrder());
        this.eventsAddress = Libc.address(events);
    }

    /** Reports {@code token} whenever the descriptor is readable. */
    public void add(int watched, long token) {
        ByteBuffer event = ByteBuffer.allocateDirect(EVENT_SIZE).order(ByteOrder.nativeOrder());
        event.putInt(0, EPOLLIN).putLong(DATA_OFFSET, token);
        try {
            Libc.check(Libc.C.epoll_ctl(fd, EPOLL_CTL_ADD, watched, Libc.address(event)), "epoll_ctl add");
        } finally {
            Reference.reachabilityFence(event);
        }
    }

    /** Reports the descriptor no more. */
    public void remove(int watched) {
        Libc.check(Libc.C.epoll_ctl(fd, EPOLL_CTL_DEL, watched, 0), "epoll_ctl del");
    }

    /** Waits until something is readable; returns how many tokens there are, 0 after the timeout. One thread. */
    public int await(int timeoutMs) {
        int ready = Libc.C.epoll_wait(fd, eventsAddress, maxEvents, timeoutMs);
        if (ready < 0) {
            if (Libc.errno() == Errno.EINTR) {
                return 0;
            }
            throw new NativeException("epoll_wait", Libc.errno());
        }
        return ready;
    }

    /** The token of the {@code index}th ready descriptor of the last {@link #await}. */
    public long token(int index) {
        return events.getLong(index * EVENT_SIZE + DATA_OFFSET);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Libc.check(Libc.C.close(fd), "close of an epoll");
        }
    }
}
