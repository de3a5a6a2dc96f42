package dev.stardust.hypervisor.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** An eventfd(2), nonblocking and close-on-exec: a counter that the kernel can signal and wait on. */
public final class EventFd implements AutoCloseable {
    private static final int EFD_NONBLOCK = 04000;
    private static final int EFD_CLOEXEC = 02000000;

    private final int fd = Libc.check(Libc.C.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
    private final ByteBuffer one =
            ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder()).putLong(0, 1);
    private final ByteBuffer counter = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
    private final long oneAddress = Libc.address(one);
    private final long counterAddress = Libc.address(counter);
    private boolean closed;

    /** The descriptor. */
    public int fd() {
        return fd;
    }

    /** Adds one. A counter that is full (2^64 - 2) is signalled already, which is all that matters. Allocates nothing. */
    public void signal() {
        try {
            long written = Libc.C.write(fd, oneAddress, Long.BYTES);
            if (written < 0 && Libc.errno() != Errno.EAGAIN) {
                throw new NativeException("write to an eventfd", Libc.errno());
            }
        } finally {
            Reference.reachabilityFence(one);
        }
    }

    /** Sets the counter to zero; false when it was. One thread at a time. Allocates nothing. */
    public boolean drain() {
        try {
            long read = Libc.C.read(fd, counterAddress, Long.BYTES);
            if (read < 0 && Libc.errno() != Errno.EAGAIN) {
                throw new NativeException("read of an eventfd", Libc.errno());
            }
            return read == Long.BYTES;
        } finally {
            Reference.reachabilityFence(counter);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Libc.check(Libc.C.close(fd), "close of an eventfd");
        }
    }
}
