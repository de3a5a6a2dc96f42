package dev.stardust.hypervisor.memory;

import dev.stardust.hypervisor.libc.Libc;

/** RAM in a memory file of its own. A page given back becomes a hole in it. */
final class FileBacking implements Backing {
    /** Of fallocate(2), from {@code linux/falloc.h}. */
    private static final int KEEP_SIZE = 1;

    private static final int PUNCH_HOLE = 2;

    private final int fd;
    private final long sizeBytes;
    private final DirtyBitmap begun;

    /**
     * Takes over the descriptor.
     *
     * @param begun pages that RAM starts with: one of them that is given back is a hole, and yet not as it was
     */
    FileBacking(int fd, long sizeBytes, DirtyBitmap begun) {
        this.fd = fd;
        this.sizeBytes = sizeBytes;
        this.begun = begun;
    }

    @Override
    public boolean discard(long at, long length) {
        Libc.check(
                Libc.C.fallocate(fd, PUNCH_HOLE | KEEP_SIZE, at, length),
                "giving back " + length + " bytes of a guest's memory");
        return true;
    }

    @Override
    public void addTouched(DirtyBitmap into) {
        TouchedPages.ofFile(fd, sizeBytes, into);
        begun.orInto(into);
    }

    @Override
    public String path() {
        return "/proc/" + Libc.C.getpid() + "/fd/" + fd;
    }

    @Override
    public void close() {
        Libc.C.close(fd);
    }
}
