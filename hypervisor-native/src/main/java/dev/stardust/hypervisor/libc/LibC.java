package dev.stardust.hypervisor.libc;

import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.annotations.SaveError;

/**
 * The C library, by primitives only, which keeps jnr-ffi on its generated stubs that allocate nothing. Pointers are
 * native addresses. No method has exactly six integer parameters: jnr-ffi 2.2.17 hands the sixth over wrong; such calls
 * go through {@link #syscall}. See the manual page of each, section 2 or 3.
 */
public interface LibC {
    @SaveError
    int ioctl(int fd, long request, long argument);

    @SaveError
    int open(long path, int flags, int mode);

    @SaveError
    int close(int fd);

    @SaveError
    long read(int fd, long buffer, long length);

    @SaveError
    long write(int fd, long buffer, long length);

    @SaveError
    long writev(int fd, long vectors, int count);

    @SaveError
    long pread(int fd, long buffer, long length, long offset);

    @SaveError
    long pwrite(int fd, long buffer, long length, long offset);

    @SaveError
    long lseek(int fd, long offset, int whence);

    @SaveError
    int munmap(long address, long length);

    @SaveError
    int mprotect(long address, long length, int protection);

    @SaveError
    int madvise(long address, long length, int advice);

    @SaveError
    int ftruncate(int fd, long length);

    @SaveError
    int fdatasync(int fd);

    @SaveError
    int fallocate(int fd, int mode, long offset, long length);

    @SaveError
    int memfd_create(long name, int flags);

    @SaveError
    int eventfd(int initial, int flags);

    @SaveError
    int epoll_create1(int flags);

    @SaveError
    int epoll_ctl(int epoll, int operation, int fd, long event);

    @SaveError
    int epoll_wait(int epoll, long events, int maxEvents, int timeoutMs);

    @SaveError
    int fcntl(int fd, int command, long argument);

    @SaveError
    int if_nametoindex(long name);

    @SaveError
    int timerfd_create(int clock, int flags);

    @SaveError
    int timerfd_settime(int fd, int flags, long value, long old);

    @SaveError
    int poll(long fds, long count, int timeoutMs);

    @SaveError
    int socket(int domain, int type, int protocol);

    @SaveError
    int bind(int fd, long address, int addressBytes);

    @SaveError
    int listen(int fd, int backlog);

    @SaveError
    int accept4(int fd, long address, long addressBytes, int flags);

    @SaveError
    int connect(int fd, long address, int addressBytes);

    @SaveError
    int shutdown(int fd, int how);

    @SaveError
    long send(int fd, long buffer, long length, int flags);

    @SaveError
    long recv(int fd, long buffer, long length, int flags);

    @SaveError
    int fchmod(int fd, int mode);

    @SaveError
    long getrandom(long buffer, long length, int flags);

    @SaveError
    int sigaction(int signal, long action, long old);

    @SaveError
    int tgkill(int pid, int tid, int signal);

    @SaveError
    int prctl(int option, long a, long b, long c, long d);

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
    long memset(long to, int value, long length);

    @IgnoreError
    long dlsym(long handle, long name);

    /** Seven parameters, so that the stub is right; {@code f} is the kernel's sixth argument. */
    @SaveError
    long syscall(long number, long a, long b, long c, long d, long e, long f);
}
