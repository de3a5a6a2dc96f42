package dev.stardust.hypervisor.libc;

/** A call of the operating system failed; the message names the operation and the error. */
public final class NativeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * Makes one for an error number of the C library.
     *
     * @param operation what was tried
     * @param errno why it failed
     */
    public NativeException(String operation, int errno) {
        super(operation + ": " + Errno.text(errno));
        this.errno = errno;
    }

    /** The error number. */
    public int errno() {
        return errno;
    }
}
