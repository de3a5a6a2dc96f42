package dev.stardust.hypervisor.libc;

import java.lang.reflect.Method;

/** What must hold before native calls are trusted; run once when a process starts. */
public final class SelfTest {
    private static final int BROKEN_PARAMETER_COUNT = 6;

    private SelfTest() {}

    /** Throws {@link IllegalStateException} that says what is wrong with this machine or JVM. */
    public static void run() {
        for (Method method : LibC.class.getMethods()) {
            if (method.getParameterCount() == BROKEN_PARAMETER_COUNT) {
                throw new IllegalStateException(method.getName()
                        + " has six parameters, which jnr-ffi hands over wrong: call it through syscall");
            }
        }
        if (!"amd64".equals(System.getProperty("os.arch")) || !"Linux".equals(System.getProperty("os.name"))) {
            throw new IllegalStateException("stardust runs on Linux on x86-64, not on " + System.getProperty("os.name")
                    + " on " + System.getProperty("os.arch"));
        }
        // The offset is mmap's sixth argument: a wrong one is EINVAL or other bytes.
        try (MappedMemory memory = MappedMemory.anonymous(2L * MappedMemory.PAGE_SIZE)) {
            Libc.C.memset(memory.address(), 0x5a, memory.length());
            if (Libc.C.memcmp(memory.address(), memory.address() + MappedMemory.PAGE_SIZE, MappedMemory.PAGE_SIZE)
                    != 0) {
                throw new IllegalStateException("memory that was mapped and filled does not hold what was written");
            }
        }
    }
}
