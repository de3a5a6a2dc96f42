package dev.stardust.hypervisor.libc;

import java.lang.reflect.Method;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.agrona.UnsafeApi;

/**
 * What must hold before a machine is built: checked once at start-up, so that a platform that differs is refused with a
 * sentence instead of failing somewhere in the kernel.
 */
public final class SelfTest {
    private static final int PAGE_SIZE = 4096;
    private static final int BROKEN_ARGUMENT_COUNT = 6;
    private static final int MAPPED_BYTES = 3 * PAGE_SIZE;

    private SelfTest() {}

    /**
     * Runs all checks, in about a millisecond.
     *
     * @throws IllegalStateException with a text for the user if one fails
     */
    public static void run() {
        String os = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        require(os.equals("Linux amd64"), "the VMM needs Linux on x86-64, this is " + os);
        require(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "the VMM needs a little-endian machine");
        int pageSize = Libc.C.getpagesize();
        require(pageSize == PAGE_SIZE, "the VMM needs pages of 4096 bytes, this kernel has " + pageSize);
        checkBindings(LibC.class);
        checkSevenArguments();
    }

    /** jnr-ffi 2.2.17 corrupts the sixth of exactly six integer arguments, so no binding may have six. */
    static void checkBindings(Class<?> bindings) {
        for (Method method : bindings.getMethods()) {
            boolean integers = Arrays.stream(method.getParameterTypes()).allMatch(Class::isPrimitive);
            require(
                    !integers || method.getParameterCount() != BROKEN_ARGUMENT_COUNT,
                    method.getName() + " is bound with six integer arguments, which jnr-ffi corrupts; use syscall");
        }
    }

    /** Maps the last page of a three-page file: the sixth argument of mmap, its offset, must arrive whole. */
    private static void checkSevenArguments() {
        try (MemFd file = new MemFd("stardust-self-test", MAPPED_BYTES);
                MappedMemory whole = MappedMemory.descriptor(
                        file.fd(), 0, MAPPED_BYTES, Flags.PROT_READ | Flags.PROT_WRITE, Flags.MAP_SHARED)) {
            long mark = 0x5354_4152_4455_5354L;
            UnsafeApi.putLong(whole.address() + 2 * PAGE_SIZE, mark);
            try (MappedMemory last =
                    MappedMemory.descriptor(file.fd(), 2 * PAGE_SIZE, PAGE_SIZE, Flags.PROT_READ, Flags.MAP_SHARED)) {
                require(
                        UnsafeApi.getLong(last.address()) == mark,
                        "jnr-ffi passes wrong arguments to native calls; start Java with -Djnr.ffi.x86asm.enabled=false");
            }
        } catch (NativeException e) {
            throw new IllegalStateException(
                    "mapping memory does not work (" + e.getMessage()
                            + "); start Java with -Djnr.ffi.x86asm.enabled=false",
                    e);
        }
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException(message);
        }
    }
}
