package dev.stardust.hypervisor.libc;

import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;

/** A mapping of this process's address space, unmapped when closed. Whoever closes it sees to it that nobody uses it. */
public final class MappedMemory implements AutoCloseable {
    private static final int READ_WRITE = Flags.PROT_READ | Flags.PROT_WRITE;

    private final long sizeBytes;
    private long address;

    private MappedMemory(long address, long sizeBytes) {
        this.address = address;
        this.sizeBytes = sizeBytes;
    }

    /** Zeroed memory of its own. */
    public static MappedMemory anonymous(long sizeBytes) {
        return map(0, sizeBytes, READ_WRITE, Flags.MAP_PRIVATE | Flags.MAP_ANONYMOUS, -1, 0);
    }

    /** Address space that nothing may touch until parts of it are mapped over. */
    public static MappedMemory reserved(long sizeBytes) {
        int flags = Flags.MAP_PRIVATE | Flags.MAP_ANONYMOUS | Flags.MAP_NORESERVE;
        return map(0, sizeBytes, Flags.PROT_NONE, flags, -1, 0);
    }

    /** The first bytes of a file, read-only; what others write to the file shows. Past its end lies SIGBUS. */
    public static MappedMemory readOnly(Path file, long sizeBytes) {
        return file(file, Flags.O_RDONLY, sizeBytes, Flags.PROT_READ, Flags.MAP_SHARED);
    }

    /** The first bytes of a file; what is written here goes to the file. */
    public static MappedMemory shared(Path file, long sizeBytes) {
        return file(file, Flags.O_RDWR, sizeBytes, READ_WRITE, Flags.MAP_SHARED);
    }

    /** The first bytes of a file; pages written here become copies of this mapping's own. */
    public static MappedMemory copyOnWrite(Path file, long sizeBytes) {
        return file(file, Flags.O_RDONLY, sizeBytes, READ_WRITE, Flags.MAP_PRIVATE | Flags.MAP_NORESERVE);
    }

    /**
     * Maps a descriptor, which may be closed afterwards.
     *
     * @param protection {@code PROT_} flags
     * @param flags {@code MAP_} flags
     */
    public static MappedMemory descriptor(int fd, long offset, long sizeBytes, int protection, int flags) {
        return map(0, sizeBytes, protection, flags, fd, offset);
    }

    /**
     * Puts a mapping in the place of a part of this one; both go when this one is closed.
     *
     * @param at offset in this mapping in bytes, a multiple of the page size
     * @param fd what to map, -1 with {@link Flags#MAP_ANONYMOUS}
     */
    public void overlay(long at, long length, int protection, int flags, int fd) {
        if (at < 0 || length <= 0 || length > sizeBytes - at) {
            throw new IllegalArgumentException(length + " bytes at " + at + " are not inside " + sizeBytes);
        }
        mmap(address() + at, length, protection, flags | Flags.MAP_FIXED, fd, 0);
    }

    private static MappedMemory file(Path file, int openFlags, long sizeBytes, int protection, int flags) {
        int fd = Libc.open(file.toString(), openFlags);
        try {
            return map(0, sizeBytes, protection, flags, fd, 0);
        } finally {
            Libc.C.close(fd);
        }
    }

    private static MappedMemory map(long hint, long sizeBytes, int protection, int flags, int fd, long offset) {
        if (sizeBytes <= 0) {
            throw new IllegalArgumentException("cannot map " + sizeBytes + " bytes");
        }
        return new MappedMemory(mmap(hint, sizeBytes, protection, flags, fd, offset), sizeBytes);
    }

    private static long mmap(long hint, long sizeBytes, int protection, int flags, int fd, long offset) {
        long address = Libc.C.syscall(Flags.SYS_MMAP, hint, sizeBytes, protection, flags, fd, offset);
        if (address == -1) {
            throw new NativeException("mmap of " + sizeBytes + " bytes", Libc.errno());
        }
        return address;
    }

    /**
     * Where the mapping is.
     *
     * @throws IllegalStateException if it is closed
     */
    public long address() {
        if (address == 0) {
            throw new IllegalStateException("the mapping is closed");
        }
        return address;
    }

    /** Its length as asked for. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** A part of it as a buffer, which must not be used once this is closed. */
    public UnsafeBuffer buffer(long offset, int length) {
        if (offset < 0 || length < 0 || length > sizeBytes - offset) {
            throw new IndexOutOfBoundsException(length + " bytes at " + offset + " are not inside " + sizeBytes);
        }
        return new UnsafeBuffer(address() + offset, length);
    }

    /** Tells the kernel how the mapping will be used, a {@code MADV_} number. */
    public void advise(int advice) {
        Libc.check("madvise", Libc.C.madvise(address(), sizeBytes, advice));
    }

    @Override
    public void close() {
        if (address != 0) {
            long mapped = address;
            address = 0;
            Libc.check("munmap", Libc.C.munmap(mapped, sizeBytes));
        }
    }
}
