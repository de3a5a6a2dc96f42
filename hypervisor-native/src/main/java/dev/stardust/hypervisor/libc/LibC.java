package dev.stardust.hypervisor.libc;

import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.annotations.SaveError;

/**
 * The calls of the C library that Stardust makes, on x86-64 Linux. Pointers are native addresses passed as {@code long};
 * a call that fails returns -1 and leaves its reason in {@link Libc#errno()}.
 *
 * <p>Only primitives stand in the signatures, since those keep jnr-ffi on its fast path that allocates nothing. None has
 * exactly six integer arguments: jnr-ffi 2.2.17 corrupts the sixth ({@link SelfTest}), so {@code mmap} goes through
 * {@link #syscall}.
 */
public interface LibC {
    @SaveError
    int open(long path, int flags, int mode);

    @SaveError
    int close(int fd);

    @SaveError
    long read(int fd, long buffer, long length);

    @SaveError
    long write(int fd, long buffer, long length);

    @SaveError
    long pread(int fd, long buffer, long length, long offset);

    @SaveError
    long pwrite(int fd, long buffer, long length, long offset);

    @SaveError
    int ftruncate(int fd, long length);

    @SaveError
    int fallocate(int fd, int mode, long offset, long length);

    @SaveError
    int fdatasync(int fd);

    @SaveError
    int ioctl(int fd, long request, long argument);

    @SaveError
    int munmap(long address, long length);

    @SaveError
    int mprotect(long address, long length, int protection);

    @SaveError
    int madvise(long address, long length, int advice);

    @SaveError
    int memfd_create(long name, int flags);

    @SaveError
    int eventfd(int initial, int flags);

    @SaveError
    int epoll_create1(int flags);

    @SaveError
    int epoll_ctl(int epoll, int operation, int fd, long event);

    @SaveError
    int epoll_wait(int epoll, long events, int capacity, int timeoutMs);

    @SaveError
    int poll(long fds, long count, int timeoutMs);

    @SaveError
    int sigaction(int signal, long action, long old);

    @SaveError
    int tgkill(int pid, int tid, int signal);

    @SaveError
    int prctl(int operation, long a, long b, long c, long d);

    /** Any system call by its number; always seven arguments. */
    @SaveError
    long syscall(long number, long a, long b, long c, long d, long e, long f);

    @IgnoreError
    int getpid();

    @IgnoreError
    int gettid();

    @IgnoreError
    int getpagesize();

    @IgnoreError
    int memcmp(long a, long b, long length);

    @IgnoreError
    long memcpy(long to, long from, long length);

    @IgnoreError
    long memset(long address, int value, long length);

    /** Address of a symbol, 0 if there is none; handle 0 searches everything that is loaded. */
    @IgnoreError
    long dlsym(long handle, long name);

    @IgnoreError
    String strerror(int errno);
}
