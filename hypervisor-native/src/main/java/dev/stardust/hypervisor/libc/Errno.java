package dev.stardust.hypervisor.libc;

/** Error numbers of Linux, from {@code asm-generic/errno-base.h} and {@code errno.h}: those that we meet. */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int ENOSPC = 28;
    public static final int EPIPE = 32;
    public static final int ENOSYS = 38;
    public static final int EPROTO = 71;
    public static final int EBADFD = 77;
    public static final int EOPNOTSUPP = 95;
    public static final int EADDRINUSE = 98;
    public static final int ECONNRESET = 104;
    public static final int ECONNREFUSED = 111;

    private Errno() {}

    /** Name and meaning, for people. */
    public static String text(int errno) {
        return switch (errno) {
            case EPERM -> "EPERM, operation not permitted";
            case ENOENT -> "ENOENT, no such file or folder";
            case EINTR -> "EINTR, interrupted by a signal";
            case EIO -> "EIO, input or output error";
            case ENXIO -> "ENXIO, no such device or address";
            case EBADF -> "EBADF, bad file descriptor";
            case EAGAIN -> "EAGAIN, not now";
            case ENOMEM -> "ENOMEM, out of memory";
            case EACCES -> "EACCES, permission denied";
            case EFAULT -> "EFAULT, bad address";
            case EBUSY -> "EBUSY, in use";
            case EEXIST -> "EEXIST, exists already";
            case ENODEV -> "ENODEV, no such device";
            case EINVAL -> "EINVAL, invalid argument";
            case EMFILE -> "EMFILE, too many open files: raise 'ulimit -n'";
            case ENOTTY -> "ENOTTY, not known to this device";
            case ENOSPC -> "ENOSPC, no space left on the disk";
            case EPIPE -> "EPIPE, the other side does not read any more";
            case EPROTO -> "EPROTO, the other side breaks the protocol";
            case EBADFD -> "EBADFD, the interface is gone";
            case EADDRINUSE -> "EADDRINUSE, address in use";
            case ECONNRESET -> "ECONNRESET, reset by the other side";
            case ECONNREFUSED -> "ECONNREFUSED, nobody listens there";
            case ENOSYS -> "ENOSYS, not in this kernel";
            case EOPNOTSUPP -> "EOPNOTSUPP, not supported";
            default -> "error number " + errno;
        };
    }
}
