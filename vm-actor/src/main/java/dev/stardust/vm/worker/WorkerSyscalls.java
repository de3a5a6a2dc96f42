package dev.stardust.vm.worker;

import dev.stardust.hypervisor.kvm.KvmIoctl;
import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.sandbox.Seccomp;
import dev.stardust.hypervisor.sandbox.Syscall;
import dev.stardust.hypervisor.virtio.net.TunIoctl;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * The system calls of a worker that listens: what a JVM, virtual machines, their devices and files take. It makes no
 * process and no socket but local ones, connects to nobody unless its VM has vsock or a network by passt, and signals nobody but itself.
 * {@code docs/security.md} tells why.
 */
final class WorkerSyscalls {
    /** Flags of clone(2): what every thread has, and what no thread of ours does. */
    private static final int CLONE_THREAD = 0x0001_0000;

    private static final int CLONE_NEW_NAMESPACES = 0x7E02_0000;

    /**
     * Flags of openat(2): how a file is opened, O_RDONLY, O_WRONLY or O_RDWR, and O_TRUNC. A file that is opened to be
     * read must not be cut short, which Landlock stops only from ABI 3 on.
     */
    private static final int OPEN_MODE = 3;

    private static final int O_TRUNC = 01000;
    private static final long[] OPEN = {0, 1, 2, 1 | O_TRUNC, 2 | O_TRUNC};

    /** Commands of fcntl(2): descriptors and their flags. Not F_SETOWN and F_SETSIG, which send signals to others. */
    private static final long[] FCNTL = {0, 1, 2, 3, 4, 1030};

    private static final int AF_UNIX = 1;

    /** What asks a socket for an interface's number, and what taps take. */
    private static final long[] NETWORK_IOCTLS = {
        TunIoctl.SIOCGIFINDEX, TunIoctl.TUNSETIFF, TunIoctl.TUNGETIFF, TunIoctl.TUNSETVNETHDRSZ, TunIoctl.TUNSETOFFLOAD
    };

    /** Options of prctl(2): names for threads and for memory. */
    private static final long[] PRCTL = {15, 0x53564d41};

    private WorkerSyscalls() {}

    /**
     * A filter for this process.
     *
     * @param connects whether connections to sockets of host programs are made here, for its VM's vsock or passt
     */
    static Seccomp filter(boolean connects) {
        return connects ? others().allow(Syscall.CONNECT) : others();
    }

    /** A filter for this process, which has a child that it waits for, looks into and may end. */
    static Seccomp filterBeside(long child) {
        return filter(true)
                .allow(Syscall.WAIT4, Syscall.WAITID, Syscall.PROCESS_VM_READV)
                .allowIf(Syscall.KILL, 0, child);
    }

    private static Seccomp others() {
        return new Seccomp()
                .allowIf(Syscall.IOCTL, 1, ioctls())
                .allowIf(Syscall.TGKILL, 0, Libc.C.getpid())
                .allowIfMasked(Syscall.OPENAT, 2, OPEN_MODE | O_TRUNC, OPEN)
                .allowIf(Syscall.FCNTL, 1, FCNTL)
                .allowIf(Syscall.PRCTL, 0, PRCTL)
                .allowIfMasked(Syscall.CLONE, 0, CLONE_THREAD | CLONE_NEW_NAMESPACES, CLONE_THREAD)
                // Its flags lie in memory, where no filter sees them; the C library then uses clone.
                .refuse(Syscall.CLONE3, Errno.ENOSYS)
                .allow(
                        Syscall.READ,
                        Syscall.WRITE,
                        Syscall.READV,
                        Syscall.WRITEV,
                        Syscall.PREAD64,
                        Syscall.PWRITE64,
                        Syscall.LSEEK,
                        Syscall.CLOSE,
                        Syscall.DUP2,
                        Syscall.FSYNC,
                        Syscall.FDATASYNC,
                        Syscall.FTRUNCATE,
                        Syscall.FALLOCATE,
                        Syscall.FLOCK)
                .allow(
                        Syscall.STAT,
                        Syscall.FSTAT,
                        Syscall.LSTAT,
                        Syscall.NEWFSTATAT,
                        Syscall.STATX,
                        Syscall.ACCESS,
                        Syscall.FACCESSAT,
                        Syscall.FACCESSAT2,
                        Syscall.READLINK,
                        Syscall.GETDENTS64,
                        Syscall.GETCWD,
                        Syscall.MKDIR,
                        Syscall.RENAME,
                        Syscall.UNLINK,
                        Syscall.UNLINKAT,
                        Syscall.RMDIR)
                // Consoles and vsock listen in their VM's folder, which Landlock keeps them in.
                .allowIf(Syscall.SOCKET, 0, AF_UNIX)
                .allow(
                        Syscall.BIND,
                        Syscall.LISTEN,
                        Syscall.ACCEPT,
                        Syscall.ACCEPT4,
                        Syscall.GETSOCKNAME,
                        Syscall.GETSOCKOPT,
                        Syscall.RECVFROM,
                        Syscall.SHUTDOWN)
                // A socket that is its owner's alone.
                .allowIf(Syscall.FCHMOD, 1, 0600)
                // To no address: what is sent goes to who is connected.
                .allowIf(Syscall.SENDTO, 5, 0)
                .allow(Syscall.TIMERFD_CREATE, Syscall.TIMERFD_SETTIME)
                .allow(
                        Syscall.EVENTFD2,
                        Syscall.EPOLL_CREATE1,
                        Syscall.EPOLL_CTL,
                        Syscall.EPOLL_WAIT,
                        Syscall.EPOLL_PWAIT,
                        Syscall.POLL,
                        Syscall.PPOLL)
                .allow(
                        Syscall.MMAP,
                        Syscall.MREMAP,
                        Syscall.MUNMAP,
                        Syscall.MPROTECT,
                        Syscall.MADVISE,
                        Syscall.MSYNC,
                        Syscall.MEMFD_CREATE,
                        // Without brk a crash hangs in the JVM's own error handler.
                        Syscall.BRK)
                .allow(
                        Syscall.FUTEX,
                        Syscall.SET_ROBUST_LIST,
                        Syscall.RSEQ,
                        Syscall.GETPID,
                        Syscall.GETTID,
                        Syscall.SCHED_YIELD,
                        Syscall.SCHED_GETAFFINITY,
                        Syscall.EXIT,
                        Syscall.EXIT_GROUP)
                .allow(
                        Syscall.RT_SIGACTION,
                        Syscall.RT_SIGPROCMASK,
                        Syscall.RT_SIGRETURN,
                        Syscall.SIGALTSTACK,
                        Syscall.RESTART_SYSCALL)
                .allow(
                        Syscall.CLOCK_GETTIME,
                        Syscall.CLOCK_GETRES,
                        Syscall.CLOCK_NANOSLEEP,
                        Syscall.NANOSLEEP,
                        Syscall.GETTIMEOFDAY,
                        Syscall.TIME,
                        Syscall.GETRANDOM,
                        Syscall.GETRUSAGE,
                        Syscall.SYSINFO,
                        Syscall.UNAME);
    }

    /** Those that the VMM uses, the one of every exit first. */
    private static long[] ioctls() {
        LongStream first = LongStream.of(KvmIoctl.KVM_RUN.number());
        LongStream others = Arrays.stream(KvmIoctl.values())
                .filter(ioctl -> ioctl != KvmIoctl.KVM_RUN)
                .mapToLong(KvmIoctl::number);
        return LongStream.concat(LongStream.concat(first, others), LongStream.of(NETWORK_IOCTLS))
                .toArray();
    }
}
