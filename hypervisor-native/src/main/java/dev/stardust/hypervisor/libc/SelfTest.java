package dev.stardust.hypervisor.libc;

import java.lang.reflect.Method;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.agrona.UnsafeApi;

/** What must hold before native calls are trusted; run once when a process starts. */
public final class SelfTest {
    private static final int BROKEN_ARGUMENT_COUNT = 6;
    private static final int PAGES = 3;
    private static final long MARK = 0x5354_4152_4455_5354L;

    private SelfTest() {}

    /**
     * Runs all checks, within a millisecond.
     *
     * @throws IllegalStateException that says what is wrong with this machine or JVM
     */
    public static void run() {
        String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        require(platform.equals("Linux amd64"), "stardust runs on Linux on x86-64, not on " + platform);
        require(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "stardust needs a little-endian machine");
        checkBindings(LibC.class);
        int pageSize = Libc.C.getpagesize();
        require(
                pageSize == MappedMemory.PAGE_SIZE,
                "stardust needs pages of " + MappedMemory.PAGE_SIZE + " bytes, this kernel's have " + pageSize);
        checkLastArgument();
    }

    /** jnr-ffi 2.2.17 hands over the sixth of exactly six integer arguments wrong, so no binding may have six. */
    static void checkBindings(Class<?> bindings) {
        for (Method method : bindings.getMethods()) {
            boolean integers = Arrays.stream(method.getParameterTypes()).allMatch(Class::isPrimitive);
            require(
                    !integers || method.getParameterCount() != BROKEN_ARGUMENT_COUNT,
                    method.getName() + " has six integer parameters, which jnr-ffi hands over wrong: use syscall");
        }
    }

    /** Maps the last page of a file by its offset, which is mmap's last argument. */
    private static void checkLastArgument() {
        int fd = Libc.memoryFile("stardust-self-test", PAGES * MappedMemory.PAGE_SIZE);
        long lastPage = (PAGES - 1L) * MappedMemory.PAGE_SIZE;
        try (MappedMemory whole = MappedMemory.shared(fd, PAGES * MappedMemory.PAGE_SIZE)) {
            UnsafeApi.putLong(whole.address() + lastPage, MARK);
            try (MappedMemory last = MappedMemory.readOnly(fd, lastPage, MappedMemory.PAGE_SIZE)) {
                require(UnsafeApi.getLong(last.address()) == MARK, adviceFor("an argument of a call got lost"));
            }
        } catch (NativeException e) {
            throw new IllegalStateException(adviceFor(e.getMessage()), e);
        } finally {
            Libc.C.close(fd);
        }
    }

    private static String adviceFor(String failure) {
        return "native calls do not work in this JVM (" + failure + "): try it with -Djnr.ffi.x86asm.enabled=false";
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException(message);
        }
    }
}
