package dev.stardust.hypervisor.libc;

/** Flags of open(2) on x86-64, from {@code asm-generic/fcntl.h}. */
public final class OpenFlags {
    public static final int READ_ONLY = 0;
    public static final int READ_WRITE = 2;
    public static final int CREATE = 0100;
    public static final int NONBLOCK = 04000;
    public static final int CLOEXEC = 02000000;

    /** Only names the file; neither reads nor writes it. */
    public static final int PATH = 010000000;

    private OpenFlags() {}
}
