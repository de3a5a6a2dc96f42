package dev.stardust.chunk.store;

import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.libc.NativeException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import jnr.constants.platform.Errno;
import jnr.constants.platform.OpenFlags;

/**
 * A file read and written at positions, straight from and to native addresses. Unlike a {@code FileChannel} it is not
 * closed by an interrupted thread, and copies nothing.
 *
 * <p>Reads and writes may run at once. Closing it while one runs is the caller's mistake.
 */
public class NativeFile implements AutoCloseable {
    private static final int SEEK_END = 2;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int PUNCH_HOLE_KEEP_SIZE = 2 | 1;
    private static final int LOCK_SHARED_NOW = 1 | 4;
    private static final int LOCK_EXCLUSIVE_NOW = 2 | 4;
    /** Of x86-64 ({@code asm-generic/fcntl.h}). */
    private static final int O_DIRECT = 0x4000;

    private static final int OWNER_WRITES_ALL_READ = 0644;

    private final Path path;
    private int fd;

    protected NativeFile(Path path, int flags) throws IOException {
        this.path = path;
        byte[] name = (path + "\0").getBytes(StandardCharsets.UTF_8);
        fd = Posix.LIBC.open(name, flags | OpenFlags.O_CLOEXEC.intValue(), OWNER_WRITES_ALL_READ);
        if (fd < 0) {
            throw error("cannot open");
        }
    }

    /** Opens an existing file for reading. */
    public static NativeFile openRead(Path path) throws IOException {
        return new NativeFile(path, OpenFlags.O_RDONLY.intValue());
    }

    /** Opens an existing file for reading past the cache, in aligned blocks; null where the file system cannot do that. */
    static NativeFile openDirect(Path path) throws IOException {
        try {
            return new NativeFile(path, OpenFlags.O_RDONLY.intValue() | O_DIRECT);
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            return null;
        }
    }

    /** Opens an existing file for reading and writing. */
    public static NativeFile openWrite(Path path) throws IOException {
        return new NativeFile(path, OpenFlags.O_RDWR.intValue());
    }

    /** Creates a file that must not exist yet, for reading and writing. */
    public static NativeFile create(Path path) throws IOException {
        return new NativeFile(path, createFlags());
    }

    static int createFlags() {
        return OpenFlags.O_RDWR.intValue() | OpenFlags.O_CREAT.intValue() | OpenFlags.O_EXCL.intValue();
    }

    /** Makes the names in a folder durable: files created, renamed or deleted in it before. */
    public static void syncDirectory(Path folder) throws IOException {
        try (NativeFile f = openRead(folder)) {
            if (Posix.LIBC.fsync(f.fd()) < 0) {
                throw f.error("cannot sync");
            }
        }
    }

    /** Its path as it was opened. */
    public Path path() {
        return path;
    }

    /** Its length in bytes. */
    public long size() throws IOException {
        return checked(Posix.LIBC.lseek(fd(), 0, SEEK_END), "cannot find the size of");
    }

    /** Reads exactly {@code length} bytes. @throws EOFException when the file ends before */
    public void read(long position, long address, long length) throws IOException {
        long done = readUpTo(position, address, length);
        if (done < length) {
            throw new EOFException(path + " ends at " + (position + done) + ", before " + (position + length));
        }
    }

    /** Reads {@code length} bytes or up to the end of the file; returns how many. */
    public long readUpTo(long position, long address, long length) throws IOException {
        long done = 0;
        while (done < length) {
            long n = readSome(position + done, address + done, length - done);
            if (n == 0) {
                break;
            }
            done += n;
        }
        return done;
    }

    /** Reads up to {@code length} bytes by one call; returns how many, 0 at the end of the file. */
    long readSome(long position, long address, long length) throws IOException {
        while (true) {
            long n = Posix.LIBC.pread(fd(), address, length, position);
            if (n >= 0) {
                return n;
            }
            if (errno() != Errno.EINTR) {
                throw error("cannot read");
            }
        }
    }

    /** Writes {@code length} bytes; after an error an unknown part of them is written. */
    public void write(long position, long address, long length) throws IOException {
        long done = 0;
        while (done < length) {
            long n = Posix.LIBC.pwrite(fd(), address + done, length - done, position + done);
            if (n >= 0) {
                done += n;
            } else if (errno() != Errno.EINTR) {
                throw error("cannot write");
            }
        }
    }

    /**
     * Makes a range zero and gives the space of its whole blocks back; the size stays. It is durable as a write is.
     *
     * @throws IOException also when the file system knows no holes
     */
    public void punchHole(long position, long length) throws IOException {
        if (length > 0) {
            checked(
                    Posix.LIBC.fallocate(fd(), PUNCH_HOLE_KEEP_SIZE, position, length),
                    "cannot give back space (which takes ext4, XFS, Btrfs or tmpfs) in");
        }
    }

    /** Returns when all written data, and the size, is on stable storage (fdatasync). */
    public void sync() throws IOException {
        checked(Posix.LIBC.fdatasync(fd()), "cannot sync");
    }

    /** Sets the length; new bytes are a hole. */
    public void truncate(long size) throws IOException {
        checked(Posix.LIBC.ftruncate(fd(), size), "cannot resize");
    }

    /** Maps the whole file, which stays mapped when this is closed, and must not be cut short meanwhile. */
    public MappedMemory map(boolean writable) throws IOException {
        try {
            return writable ? MappedMemory.shared(fd(), size()) : MappedMemory.readOnly(fd(), size());
        } catch (NativeException e) {
            throw new IOException("cannot map " + path + ": " + e.getMessage(), e);
        }
    }

    /** Locks the file against other openings that lock it (flock), until it is closed. Returns whether it could. */
    public boolean tryLock() throws IOException {
        return Posix.LIBC.flock(fd(), LOCK_EXCLUSIVE_NOW) == 0;
    }

    /** As {@link #tryLock}, but beside others that lock it so. */
    public boolean tryLockShared() throws IOException {
        return Posix.LIBC.flock(fd(), LOCK_SHARED_NOW) == 0;
    }

    /** The first position at or after {@code position} that is not in a hole; the file's size when there is none. */
    public long nextData(long position) throws IOException {
        long p = Posix.LIBC.lseek(fd(), position, SEEK_DATA);
        if (p < 0 && errno() == Errno.ENXIO) {
            return size();
        }
        return checked(p, "cannot seek in");
    }

    /** The first position at or after {@code position}, which is inside the file, that is in a hole or its end. */
    public long nextHole(long position) throws IOException {
        return checked(Posix.LIBC.lseek(fd(), position, SEEK_HOLE), "cannot seek in");
    }

    @Override
    public void close() throws IOException {
        if (fd >= 0) {
            int closing = fd;
            fd = -1;
            checked(Posix.LIBC.close(closing), "cannot close");
        }
    }

    private int fd() throws IOException {
        if (fd < 0) {
            throw new IOException(path + " is closed");
        }
        return fd;
    }

    private long checked(long result, String what) throws IOException {
        if (result < 0) {
            throw error(what);
        }
        return result;
    }

    private static Errno errno() {
        return Errno.valueOf(jnr.ffi.LastError.getLastError(Posix.RUNTIME));
    }

    private IOException error(String what) {
        Errno errno = errno();
        return switch (errno) {
            case ENOENT -> new NoSuchFileException(path.toString(), null, errno.description());
            case EEXIST -> new FileAlreadyExistsException(path.toString(), null, errno.description());
            case ENOSPC, EDQUOT -> new DiskFullException(path);
            default -> new IOException(what + " " + path + ": " + errno.description());
        };
    }
}
