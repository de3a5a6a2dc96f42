package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.libc.OpenFlags;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file to boot from. Every read is checked; what goes to guest RAM is read straight into it. */
final class BootFile implements AutoCloseable {
    private static final int SEEK_END = 2;

    private final String name;
    private final int fd;
    private final long sizeBytes;

    /** Takes over an open descriptor. */
    BootFile(String name, int fd, long sizeBytes) {
        this.name = name;
        this.fd = fd;
        this.sizeBytes = sizeBytes;
    }

    /**
     * Opens a file.
     *
     * @param what what error texts call it
     * @throws BootException if it is not a file that can be read
     */
    static BootFile open(String what, Path path) {
        String name = "the " + what + " " + path;
        // Asked first, since opening a pipe waits for a writer.
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new BootException("cannot read " + name + ": it is not a regular file");
        }
        try {
            int fd = Libc.open(path.toString(), OpenFlags.READ_ONLY);
            return new BootFile(name, fd, Libc.C.lseek(fd, 0, SEEK_END));
        } catch (NativeException e) {
            throw new BootException("cannot read " + name + ": " + Errno.text(e.errno()), e);
        }
    }

    /** What error texts call it: what it is and where. */
    String name() {
        return name;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    /** Whether a range, whatever its values, lies in the file. */
    boolean contains(long offset, long length) {
        return offset >= 0 && length >= 0 && length <= sizeBytes - offset;
    }

    /**
     * Reads a range, to be taken as little-endian.
     *
     * @throws BootException if the file does not have it
     */
    ByteBuffer read(long offset, int length) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(length).order(ByteOrder.LITTLE_ENDIAN);
        try {
            readFully(offset, length, Libc.address(bytes));
        } finally {
            Reference.reachabilityFence(bytes);
        }
        return bytes;
    }

    /**
     * Reads a range into guest RAM, where the caller knows it fits.
     *
     * @throws BootException if the file does not have it
     */
    void copyTo(GuestMemory memory, long guestAddress, long offset, long length) {
        readFully(offset, length, memory.checkedAddress(guestAddress, length));
        memory.markDirty(guestAddress, length);
    }

    private void readFully(long offset, long length, long to) {
        if (!contains(offset, length)) {
            throw cutShort();
        }
        for (long done = 0; done < length; ) {
            long n = Libc.C.pread(fd, to + done, length - done, offset + done);
            if (n < 0 && Libc.errno() != Errno.EINTR) {
                throw new BootException("cannot read " + name + ": " + Errno.text(Libc.errno()));
            }
            if (n == 0) {
                throw cutShort(); // it shrank meanwhile
            }
            done += Math.max(n, 0);
        }
    }

    private BootException cutShort() {
        return new BootException(name + " is cut short");
    }

    @Override
    public void close() {
        Libc.C.close(fd);
    }
}
