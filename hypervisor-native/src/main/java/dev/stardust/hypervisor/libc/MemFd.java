package dev.stardust.hypervisor.libc;

/** A file that lives in memory only, gone when its last mapping and descriptor are. */
public final class MemFd implements AutoCloseable {
    private int fd;

    /**
     * Makes a zeroed one, which costs memory as it is written.
     *
     * @param name shown in {@code /proc/PID/maps}
     */
    public MemFd(String name, long sizeBytes) {
        try (CString text = new CString(name)) {
            fd = Libc.check("memfd_create", Libc.C.memfd_create(text.address(), Flags.MFD_CLOEXEC));
        }
        if (Libc.C.ftruncate(fd, sizeBytes) < 0) {
            NativeException failure = new NativeException("ftruncate to " + sizeBytes + " bytes", Libc.errno());
            close();
            throw failure;
        }
    }

    /** The descriptor. */
    public int fd() {
        return fd;
    }

    @Override
    public void close() {
        if (fd >= 0) {
            Libc.C.close(fd);
            fd = -1;
        }
    }
}
