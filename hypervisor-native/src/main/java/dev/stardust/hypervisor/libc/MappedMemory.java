package dev.stardust.hypervisor.libc;

/** Memory from mmap(2), not on the heap, of any size. Closing unmaps it: nobody may use its addresses any more. */
public final class MappedMemory implements AutoCloseable {
    /** A page of x86-64, in bytes. */
    public static final int PAGE_SIZE = 4096;

    private static final long SYS_MMAP = 9;
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;

    private final long address;
    private final long length;
    private boolean closed;

    private MappedMemory(long address, long length) {
        this.address = address;
        this.length = length;
    }

    /** Zeroed memory of this process alone. */
    public static MappedMemory anonymous(long length) {
        return map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }

    /** A file's bytes, written through to it. */
    public static MappedMemory shared(int fd, long length) {
        return map(length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }

    /** A file's bytes, read only, shared with all who map them. */
    public static MappedMemory readOnly(int fd, long length) {
        return map(length, PROT_READ, MAP_SHARED, fd, 0);
    }

    /** A file's bytes, copied page by page when written; the file does not change. */
    public static MappedMemory copyOnWrite(int fd, long length) {
        return map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    }

    private static MappedMemory map(long length, int protection, int flags, int fd, long offset) {
        if (length <= 0) {
            throw new IllegalArgumentException("cannot map " + length + " bytes");
        }
        long address = Libc.check(
                Libc.C.syscall(SYS_MMAP, 0, length, protection, flags, fd, offset), "mmap of " + length + " bytes");
        return new MappedMemory(address, length);
    }

    /** The first byte's address. */
    public long address() {
        return address;
    }

    /** Length in bytes. */
    public long length() {
        return length;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Libc.check(Libc.C.munmap(address, length), "munmap");
        }
    }
}
