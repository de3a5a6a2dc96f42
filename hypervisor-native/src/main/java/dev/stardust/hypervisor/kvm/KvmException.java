package dev.stardust.hypervisor.kvm;

/** A call to KVM failed; the message names the call, the error and, where known, what mends it. */
public final class KvmException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    KvmException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /** The error number, 0 if the kernel gave none. */
    public int errno() {
        return errno;
    }
}
