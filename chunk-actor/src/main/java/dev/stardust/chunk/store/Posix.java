package dev.stardust.chunk.store;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.SaveError;

/**
 * The few calls of libc that files need; off_t is 64 bits on every platform we run on. Public only because jnr-ffi
 * implements it from another class loader.
 */
public interface Posix {
    Posix LIBC = LibraryLoader.create(Posix.class).load("c");
    Runtime RUNTIME = Runtime.getRuntime(LIBC);

    /** {@code path} is UTF-8 and ends with a zero byte. */
    @SaveError
    int open(byte[] path, int flags, int mode);

    @SaveError
    int close(int fd);

    @SaveError
    long pread(int fd, long address, long length, long position);

    @SaveError
    long pwrite(int fd, long address, long length, long position);

    @SaveError
    int fsync(int fd);

    @SaveError
    int fdatasync(int fd);

    @SaveError
    int ftruncate(int fd, long size);

    @SaveError
    int fallocate(int fd, int mode, long position, long length);

    @SaveError
    int flock(int fd, int operation);

    @SaveError
    long lseek(int fd, long position, int whence);
}
