package dev.stardust.hypervisor.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A timerfd(2), nonblocking and close-on-exec: a descriptor that becomes readable after a while. */
public final class TimerFd implements AutoCloseable {
    private static final int CLOCK_MONOTONIC = 1;
    private static final int TFD_NONBLOCK = 04000;
    private static final int TFD_CLOEXEC = 02000000;
    /** {@code struct itimerspec}: interval at 0, first expiry at 16, each in seconds and nanoseconds. */
    private static final int ITIMERSPEC_SIZE = 32;

    private static final int SECONDS_OFFSET = 16;
    private static final int NANOSECONDS_OFFSET = 24;
    private static final long SECOND_NS = 1_000_000_000;

    private final int fd =
            Libc.check(Libc.C.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
    private final ByteBuffer spec = ByteBuffer.allocateDirect(ITIMERSPEC_SIZE).order(ByteOrder.nativeOrder());
    private final long specAddress = Libc.address(spec);
    private boolean closed;

    /** The descriptor; readable from when the timer goes off until it is set again. */
    public int fd() {
        return fd;
    }

    /**
     * Goes off once, that many nanoseconds from now, at least one, and not when it was to go off before. One thread at a
     * time. Allocates nothing.
     */
    public void set(long delayNs) {
        if (delayNs <= 0) {
            throw new IllegalArgumentException("a timer of " + delayNs + " ns");
        }
        spec.putLong(SECONDS_OFFSET, delayNs / SECOND_NS).putLong(NANOSECONDS_OFFSET, delayNs % SECOND_NS);
        try {
            Libc.check(Libc.C.timerfd_settime(fd, 0, specAddress, 0), "timerfd_settime");
        } finally {
            Reference.reachabilityFence(spec);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Libc.check(Libc.C.close(fd), "close of a timerfd");
        }
    }
}
