package dev.stardust.hypervisor.libc;

import jnr.ffi.LibraryLoader;

/** The loaded C library and the ways to ask whether a call worked. */
public final class Libc {
    /** The C library of this process. */
    public static final LibC C = LibraryLoader.create(LibC.class).load("c");

    private static final jnr.ffi.Runtime RUNTIME = jnr.ffi.Runtime.getRuntime(C);

    private Libc() {}

    /** Why the last call of this thread failed; only valid until its next call. */
    public static int errno() {
        return RUNTIME.getLastError();
    }

    /**
     * Passes on the result of a call that did not fail.
     *
     * @param operation what was tried, for the message
     * @throws NativeException if the result is negative
     */
    public static int check(String operation, int result) {
        if (result < 0) {
            throw new NativeException(operation, errno());
        }
        return result;
    }

    /** As {@link #check(String, int)}, for calls that return a {@code long}. */
    public static long check(String operation, long result) {
        if (result == -1) {
            throw new NativeException(operation, errno());
        }
        return result;
    }

    /**
     * Opens a file.
     *
     * @param flags of {@code open(2)}; {@link Flags#O_CLOEXEC} is added
     * @return the descriptor
     * @throws NativeException naming the path
     */
    public static int open(String path, int flags) {
        try (CString name = new CString(path)) {
            return check("open " + path, C.open(name.address(), flags | Flags.O_CLOEXEC, 0));
        }
    }

    /** The address of a function of the C library. */
    public static long symbol(String name) {
        try (CString symbol = new CString(name)) {
            long address = C.dlsym(0, symbol.address());
            if (address == 0) {
                throw new IllegalStateException("the C library has no " + name);
            }
            return address;
        }
    }
}
