package dev.stardust.hypervisor.memory;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.libc.OpenFlags;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Asks the kernel which pages of a mapping may differ from what it started as, without touching any of them. */
final class TouchedPages {
    /** {@code whence} of lseek(2), from {@code linux/fs.h}. */
    private static final int SEEK_DATA = 3;

    private static final int SEEK_HOLE = 4;

    /** Flags of an entry, from the kernel's {@code Documentation/admin-guide/mm/pagemap.rst}. */
    private static final long PRESENT = 1L << 63;

    private static final long SWAPPED = 1L << 62;
    private static final long OF_FILE = 1L << 61;
    private static final int ENTRY_BYTES = Long.BYTES;
    private static final int ENTRIES_AT_ONCE = 8192;

    private TouchedPages() {}

    /** Of a shared mapping of a memory file that started as one hole. */
    static void ofFile(int fd, long sizeBytes, DirtyBitmap into) {
        long hole = 0;
        while (hole < sizeBytes) {
            long data = Libc.C.lseek(fd, hole, SEEK_DATA);
            if (data < 0 && Libc.errno() == Errno.ENXIO) {
                return;
            }
            Libc.check(data, "lseek to the next data of the guest's memory");
            hole = Libc.check(Libc.C.lseek(fd, data, SEEK_HOLE), "lseek to the next hole of the guest's memory");
            into.setBytes(data, hole - data);
        }
    }

    /** Of a private mapping of a file: the pages that are this process's own. */
    static void ofPrivateMapping(long address, long sizeBytes, DirtyBitmap into) {
        ofPrivateMapping("self", address, sizeBytes, into);
    }

    /**
     * As the other, in another process of this user.
     *
     * @param process its id
     */
    static void ofPrivateMapping(String process, long address, long sizeBytes, DirtyBitmap into) {
        ByteBuffer entries =
                ByteBuffer.allocateDirect(ENTRIES_AT_ONCE * ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int fd = Libc.open("/proc/" + process + "/pagemap", OpenFlags.READ_ONLY);
        try {
            long pages = sizeBytes >>> DirtyBitmap.PAGE_SHIFT;
            for (long page = 0; page < pages; page += ENTRIES_AT_ONCE) {
                int count = (int) Math.min(ENTRIES_AT_ONCE, pages - page);
                read(fd, entries, count, (address >>> DirtyBitmap.PAGE_SHIFT) + page);
                for (int i = 0; i < count; i++) {
                    if (isOwn(entries.getLong(i * ENTRY_BYTES))) {
                        into.set(page + i);
                    }
                }
            }
        } finally {
            Libc.C.close(fd);
        }
    }

    private static void read(int fd, ByteBuffer entries, int count, long firstEntry) {
        long length = (long) count * ENTRY_BYTES;
        long read = Libc.check(
                Libc.C.pread(fd, Libc.address(entries), length, firstEntry * ENTRY_BYTES),
                "read of /proc/self/pagemap");
        if (read != length) {
            throw new NativeException("read of " + length + " bytes of /proc/self/pagemap, got " + read, Errno.EIO);
        }
    }

    private static boolean isOwn(long entry) {
        return (entry & SWAPPED) != 0 || (entry & (PRESENT | OF_FILE)) == PRESENT;
    }
}
