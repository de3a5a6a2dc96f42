package dev.stardust.hypervisor.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An epoll(7) instance for descriptors that become ready, each with a 64-bit token. Waiting allocates nothing. */
public final class Epoll implements AutoCloseable {
    /** Conditions of a descriptor: there is something to read. */
    public static final int IN = 1;

    /** It takes what is written. */
    public static final int OUT = 4;

    /** It failed; always watched. */
    public static final int ERR = 8;

    /** The other side is gone altogether; always watched. */
    public static final int HUP = 0x10;

    /** The other side writes no more. */
    public static final int RDHUP = 0x2000;

    private static final int EPOLL_CLOEXEC = 02000000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLLET = 1 << 31;
    /** {@code struct epoll_event} is packed on x86-64: events at 0, data at 4. */
    private static final int EVENT_SIZE = 12;

    private static final int DATA_OFFSET = 4;

    private final int fd = Libc.check(Libc.C.epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    private final ByteBuffer events;
    private final long eventsAddress;
    private final int maxEvents;
    private final ByteBuffer change = ByteBuffer.allocateDirect(EVENT_SIZE).order(ByteOrder.nativeOrder());
    private final long changeAddress = Libc.address(change);
    private boolean closed;

    /** An instance that reports at most {@code maxEvents} at a time. */
    public Epoll(int maxEvents) {
        this.maxEvents = maxEvents;
        this.events = ByteBuffer.allocateDirect(maxEvents * EVENT_SIZE).order(ByteOrder.nativeOrder());
        this.eventsAddress = Libc.address(events);
    }

    /** The descriptor, which another instance can watch: it is readable when one of its own descriptors is ready. */
    public int fd() {
        return fd;
    }

    /** Reports {@code token} whenever the descriptor is readable. */
    public void add(int watched, long token) {
        add(watched, token, IN);
    }

    /** Reports {@code token} each time that there is more to read than before (edge-triggered). */
    public void addEdge(int watched, long token) {
        add(watched, token, IN | EPOLLET);
    }

    /** Reports {@code token} each time that a stream socket can be read or written again, or its other side goes. */
    public void addSocket(int watched, long token) {
        add(watched, token, IN | OUT | RDHUP | EPOLLET);
    }

    /** Reports {@code token} each time that the descriptor takes more writes than before (edge-triggered). */
    public void addWritableEdge(int watched, long token) {
        add(watched, token, OUT | EPOLLET);
    }

    private synchronized void add(int watched, long token, int conditions) {
        change.putInt(0, conditions).putLong(DATA_OFFSET, token);
        try {
            Libc.check(Libc.C.epoll_ctl(fd, EPOLL_CTL_ADD, watched, changeAddress), "epoll_ctl add");
        } finally {
            Reference.reachabilityFence(change);
        }
    }

    /** Reports the descriptor no more; closing it does the same. */
    public void remove(int watched) {
        Libc.check(Libc.C.epoll_ctl(fd, EPOLL_CTL_DEL, watched, 0), "epoll_ctl del");
    }

    /** Waits until something is ready; returns how many tokens there are, 0 after the timeout. One thread. */
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

    /** The conditions of the {@code index}th ready descriptor of the last {@link #await}. */
    public int conditions(int index) {
        return events.getInt(index * EVENT_SIZE);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Libc.check(Libc.C.close(fd), "close of an epoll");
        }
    }
}
