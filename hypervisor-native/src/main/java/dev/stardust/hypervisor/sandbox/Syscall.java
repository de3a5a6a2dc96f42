package dev.stardust.hypervisor.sandbox;

import java.util.Locale;

/** System calls of Linux on x86-64, from {@code asm/unistd_64.h}: those that this package makes or a filter names. */
public enum Syscall {
    READ(0),
    WRITE(1),
    CLOSE(3),
    STAT(4),
    FSTAT(5),
    LSTAT(6),
    POLL(7),
    LSEEK(8),
    MMAP(9),
    MPROTECT(10),
    MUNMAP(11),
    BRK(12),
    RT_SIGACTION(13),
    RT_SIGPROCMASK(14),
    RT_SIGRETURN(15),
    IOCTL(16),
    PREAD64(17),
    PWRITE64(18),
    READV(19),
    WRITEV(20),
    ACCESS(21),
    SCHED_YIELD(24),
    MREMAP(25),
    MSYNC(26),
    MADVISE(28),
    DUP2(33),
    NANOSLEEP(35),
    GETPID(39),
    SOCKET(41),
    CONNECT(42),
    ACCEPT(43),
    SENDTO(44),
    RECVFROM(45),
    SHUTDOWN(48),
    BIND(49),
    LISTEN(50),
    GETSOCKNAME(51),
    GETSOCKOPT(55),
    CLONE(56),
    EXIT(60),
    WAIT4(61),
    KILL(62),
    UNAME(63),
    FCNTL(72),
    FLOCK(73),
    FSYNC(74),
    FDATASYNC(75),
    FTRUNCATE(77),
    GETCWD(79),
    RENAME(82),
    MKDIR(83),
    RMDIR(84),
    UNLINK(87),
    READLINK(89),
    FCHMOD(91),
    GETTIMEOFDAY(96),
    GETRUSAGE(98),
    SYSINFO(99),
    CAPSET(126),
    SIGALTSTACK(131),
    PRCTL(157),
    GETTID(186),
    TIME(201),
    FUTEX(202),
    SCHED_GETAFFINITY(204),
    GETDENTS64(217),
    RESTART_SYSCALL(219),
    CLOCK_GETTIME(228),
    CLOCK_GETRES(229),
    CLOCK_NANOSLEEP(230),
    EXIT_GROUP(231),
    EPOLL_WAIT(232),
    EPOLL_CTL(233),
    TGKILL(234),
    WAITID(247),
    OPENAT(257),
    NEWFSTATAT(262),
    UNLINKAT(263),
    FACCESSAT(269),
    PPOLL(271),
    SET_ROBUST_LIST(273),
    EPOLL_PWAIT(281),
    TIMERFD_CREATE(283),
    FALLOCATE(285),
    TIMERFD_SETTIME(286),
    ACCEPT4(288),
    EVENTFD2(290),
    EPOLL_CREATE1(291),
    PROCESS_VM_READV(310),
    SECCOMP(317),
    GETRANDOM(318),
    MEMFD_CREATE(319),
    STATX(332),
    RSEQ(334),
    CLONE3(435),
    FACCESSAT2(439),
    LANDLOCK_CREATE_RULESET(444),
    LANDLOCK_ADD_RULE(445),
    LANDLOCK_RESTRICT_SELF(446);

    private final int number;

    Syscall(int number) {
        this.number = number;
    }

    /** Its number. */
    public int number() {
        return number;
    }

    /** Its name in the manual. */
    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
