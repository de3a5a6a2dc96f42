package dev.stardust.hypervisor.libc;

/** A call into the C library or the kernel failed. */
public final class NativeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /** Names the operation and why it failed. */
    public NativeException(String operation, int errno) {
        super(operation + " failed: " + Errno.text(errno));
        this.errno = errno;
    }

    /** The error number. */
    public int errno() {
        return errno;
    }
}
