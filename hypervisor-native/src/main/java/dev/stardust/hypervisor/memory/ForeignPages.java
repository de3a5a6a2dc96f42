package dev.stardust.hypervisor.memory;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Pages that another process of this user, which this one may look into, has written in its private mapping of a file. Reads by
 * {@code process_vm_readv(2)}.
 */
public final class ForeignPages {
    private static final int SYS_PROCESS_VM_READV = 310;
    private static final int IOVEC_BYTES = 16;

    private final long pid;
    private final long address;
    private final long sizeBytes;
    private final ByteBuffer vectors =
            ByteBuffer.allocateDirect(2 * IOVEC_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private ForeignPages(long pid, long address, long sizeBytes) {
        this.pid = pid;
        this.address = address;
        this.sizeBytes = sizeBytes;
    }

    /**
     * Finds the mapping.
     *
     * @param pid the process
     * @param file what it has mapped whole
     * @throws IOException if it has not
     */
    public static ForeignPages of(long pid, Path file, long sizeBytes) throws IOException {
        List<String> maps = Files.readAllLines(Path.of("/proc/" + pid + "/maps"), StandardCharsets.ISO_8859_1);
        String name =
                new String(file.toRealPath().toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        for (String line : maps) {
            if (line.endsWith(" " + name)) {
                String[] range = line.substring(0, line.indexOf(' ')).split("-", 2);
                long first = Long.parseUnsignedLong(range[0], 16);
                if (Long.parseUnsignedLong(range[1], 16) - first == sizeBytes) {
                    return new ForeignPages(pid, first, sizeBytes);
                }
            }
        }
        throw new IOException("process " + pid + " has not mapped " + file);
    }

    /** Adds the pages that are the process's own. */
    public void addTouched(DirtyBitmap into) {
        TouchedPages.ofPrivateMapping(Long.toString(pid), address, sizeBytes, into);
    }

    /** Copies pages to the same places of memory that starts at {@code to}. */
    public void copy(DirtyBitmap pages, long to) {
        pages.forEachRun((first, count) -> read(first << DirtyBitmap.PAGE_SHIFT, count << DirtyBitmap.PAGE_SHIFT, to));
    }

    private void read(long offset, long bytes, long to) {
        for (long done = 0; done < bytes; ) {
            vectors.putLong(0, to + offset + done).putLong(8, bytes - done);
            vectors.putLong(IOVEC_BYTES, address + offset + done).putLong(IOVEC_BYTES + 8, bytes - done);
            long at = Libc.address(vectors);
            long read = Libc.C.syscall(SYS_PROCESS_VM_READV, pid, at, 1, at + IOVEC_BYTES, 1, 0);
            if (read <= 0) {
                throw new NativeException("reading " + bytes + " bytes of process " + pid, Libc.errno());
            }
            done += read;
        }
    }
}
