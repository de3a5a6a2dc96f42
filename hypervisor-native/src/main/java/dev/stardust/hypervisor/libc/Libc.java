package dev.stardust.hypervisor.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import org.agrona.BufferUtil;

/** The one instance of {@link LibC}, and what reading its answers takes. Linux on x86-64 only. */
public final class Libc {
    /** The library. */
    public static final LibC C = LibraryLoader.create(LibC.class).load("c");

    private static final int MFD_CLOEXEC = 1;
    private static final Runtime RUNTIME = Runtime.getRuntime(C);

    private Libc() {}

    /** The error number of this thread's last failed call. */
    public static int errno() {
        return RUNTIME.getLastError();
    }

    /** Returns {@code result}, or throws when it is negative. */
    public static int check(int result, String operation) {
        if (result < 0) {
            throw new NativeException(operation, errno());
        }
        return result;
    }

    /** Returns {@code result}, or throws when it is negative. */
    public static long check(long result, String operation) {
        if (result < 0) {
            throw new NativeException(operation, errno());
        }
        return result;
    }

    /** Opens a file; the caller closes the descriptor. */
    public static int open(String path, int flags) {
        ByteBuffer name = cString(path);
        try {
            return check(C.open(address(name), flags | OpenFlags.CLOEXEC, 0600), "open " + path);
        } finally {
            Reference.reachabilityFence(name);
        }
    }

    /**
     * Makes a zeroed file that lives in memory only ({@code memfd_create(2)}) and goes with its last mapping and
     * descriptor; the caller closes the descriptor.
     *
     * @param name shown in {@code /proc/PID/maps}
     */
    public static int memoryFile(String name, long sizeBytes) {
        ByteBuffer text = cString(name);
        int fd;
        try {
            fd = check(C.memfd_create(address(text), MFD_CLOEXEC), "memfd_create");
        } finally {
            Reference.reachabilityFence(text);
        }
        if (C.ftruncate(fd, sizeBytes) < 0) {
            NativeException failure = new NativeException("ftruncate to " + sizeBytes + " bytes", errno());
            C.close(fd);
            throw failure;
        }
        return fd;
    }

    /** A NUL-terminated copy of the text off the heap; it lives as long as the buffer is reachable. */
    public static ByteBuffer cString(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocateDirect(bytes.length + 1).put(bytes).rewind();
    }

    /** The native address of a direct buffer's first byte. */
    public static long address(ByteBuffer direct) {
        return BufferUtil.address(direct);
    }
}
