package dev.stardust.hypervisor.libc;

/** Memory from mmap(2), not on the heap, of any size. Closing unmaps it: nobody may use its addresses any more. */
public final class MappedMemory implements AutoCloseable {
    /** A page of x86-64, in bytes. */
    public static final int PAGE_SIZE = 4096;

    private static final long SYS_MMAP = 9;
    private static final int PROT_NONE = 0;
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MADV_DONTNEED = 4;

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

    /** A part of a file, read only; the offset is a multiple of the page size. */
    public static MappedMemory readOnly(int fd, long offset, long length) {
        return map(length, PROT_READ, MAP_SHARED, fd, offset);
    }

    /** Addresses that nothing may touch until a part of them is mapped over. */
    public static MappedMemory reserved(long length) {
        return map(length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }

    /** Puts a file's bytes, written through to it, in the place of a part of this; they go when this is closed. */
    public void overlayShared(long at, long length, int fd) {
        overlay(at, length, MAP_SHARED, fd);
    }

    /** As {@link #overlayShared}, but copied page by page when written; the file does not change. */
    public void overlayCopyOnWrite(long at, long length, int fd) {
        overlay(at, length, MAP_PRIVATE | MAP_NORESERVE, fd);
    }

    /** Puts zeroed memory of this process alone in the place of a part of this, whatever was there. */
    public void overlayAnonymous(long at, long length) {
        overlay(at, length, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    }

    private void overlay(long at, long bytes, int flags, int fd) {
        checkPart(at, bytes);
        mmap(address + at, bytes, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
    }

    /** Gives back the memory of a part that is of this process alone; anonymous memory reads as zeros afterwards. */
    public void drop(long at, long bytes) {
        checkPart(at, bytes);
        Libc.check(Libc.C.madvise(address + at, bytes, MADV_DONTNEED), "madvise");
    }

    private void checkPart(long at, long bytes) {
        if (at < 0 || bytes <= 0 || bytes > length - at) {
            throw new IllegalArgumentException(bytes + " bytes at " + at + " are not inside of " + length);
        }
    }

    private static MappedMemory map(long length, int protection, int flags, int fd, long offset) {
        if (length <= 0) {
            throw new IllegalArgumentException("cannot map " + length + " bytes");
        }
        return new MappedMemory(mmap(0, length, protection, flags, fd, offset), length);
    }

    private static long mmap(long at, long length, int protection, int flags, int fd, long offset) {
        return Libc.check(
                Libc.C.syscall(SYS_MMAP, at, length, protection, flags, fd, offset), "mmap of " + length + " bytes");
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
