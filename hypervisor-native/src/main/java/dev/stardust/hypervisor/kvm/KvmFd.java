package dev.stardust.hypervisor.kvm;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A descriptor that ioctls of KVM go to. Owned by one object, closed once. */
abstract class KvmFd implements AutoCloseable {
    private final int fd;
    private boolean closed;

    KvmFd(int fd) {
        this.fd = fd;
    }

    int fd() {
        return fd;
    }

    /** Zeroed native memory for a kernel structure. */
    static UnsafeBuffer struct(int size) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(size));
    }

    /**
     * Does an ioctl whose argument is a number or an address.
     *
     * @return what the kernel returned, not negative
     * @throws KvmException naming the ioctl and the error
     */
    final int call(KvmIoctl request, long argument) {
        int result;
        int errno = 0;
        do {
            result = Libc.C.ioctl(fd, request.number(), argument);
        } while (result < 0 && (errno = Libc.errno()) == Errno.EINTR);
        if (result < 0) {
            throw new KvmException(request + " failed: " + Errno.text(errno), errno);
        }
        return result;
    }

    /** Does an ioctl on a structure in native memory, as {@link #call(KvmIoctl, long)}. */
    final int call(KvmIoctl request, UnsafeBuffer struct) {
        if (struct.byteArray() != null) {
            throw new IllegalArgumentException(request + " needs native memory");
        }
        try {
            return call(request, struct.addressOffset());
        } finally {
            Reference.reachabilityFence(struct);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Libc.C.close(fd);
        }
    }
}
