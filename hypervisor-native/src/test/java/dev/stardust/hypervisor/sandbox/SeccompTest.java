package dev.stardust.hypervisor.sandbox;

import static dev.stardust.hypervisor.sandbox.SandboxNumbers.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.sandbox.SandboxNumbers.SeccompData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.LongStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** The filter's program, run by a small machine of the test; the kernel runs one in the tests of workers. */
class SeccompTest {
    private static final long REFUSED = SECCOMP_RET_ERRNO | Errno.EPERM;
    private static final int MASK = 0x7E03_0000;
    private static final int THREAD = 0x0001_0000;
    private static final long[] COMMANDS = {0xAE80, 0x4020_AE46L, 0xC008_AE67L};

    private static Seccomp filter() {
        return new Seccomp()
                .allowIf(Syscall.IOCTL, 1, COMMANDS)
                .allowIfMasked(Syscall.CLONE, 0, MASK, THREAD)
                .refuse(Syscall.CLONE3, Errno.ENOSYS)
                .allow(Syscall.READ, Syscall.FUTEX);
    }

    private static long expected(int arch, int number, long first, long second) {
        if (arch != (int) AUDIT_ARCH_X86_64 || Integer.compareUnsigned(number, 0x4000_0000) >= 0) {
            return SECCOMP_RET_KILL_PROCESS;
        }
        if (number == Syscall.IOCTL.number()) {
            return LongStream.of(COMMANDS).anyMatch(c -> (int) c == (int) second) ? SECCOMP_RET_ALLOW : REFUSED;
        }
        if (number == Syscall.CLONE.number()) {
            return ((int) first & MASK) == THREAD ? SECCOMP_RET_ALLOW : REFUSED;
        }
        if (number == Syscall.CLONE3.number()) {
            return SECCOMP_RET_ERRNO | Errno.ENOSYS;
        }
        boolean allowed = number == Syscall.READ.number() || number == Syscall.FUTEX.number();
        return allowed ? SECCOMP_RET_ALLOW : REFUSED;
    }

    @Property
    void everyCallGetsItsAnswer(
            @ForAll("arches") int arch,
            @ForAll("numbers") int number,
            @ForAll("arguments") long first,
            @ForAll("arguments") long second) {
        assertEquals(
                expected(arch, number, first, second),
                run(filter().program(), call(arch, number, first, second)),
                () -> Integer.toHexString(arch) + " " + number + " " + Long.toHexString(first) + " "
                        + Long.toHexString(second));
    }

    @Provide
    Arbitrary<Integer> arches() {
        return Arbitraries.of((int) AUDIT_ARCH_X86_64, (int) AUDIT_ARCH_X86_64, 0x4000_0003, 0);
    }

    @Provide
    Arbitrary<Integer> numbers() {
        Arbitrary<Integer> named = Arbitraries.of(Syscall.values()).map(Syscall::number);
        return Arbitraries.oneOf(named, named.map(n -> n | 0x4000_0000), Arbitraries.integers());
    }

    @Provide
    Arbitrary<Long> arguments() {
        Arbitrary<Long> known = Arbitraries.of(0xAE80L, 0x4020_AE46L, 0xC008_AE67L, 0x3d_0f00L, 0x1001_0000L, 17L);
        return Arbitraries.oneOf(known, known.map(v -> v | 0x1_0000_0000L), Arbitraries.longs());
    }

    @Test
    void aListThatIsTooLongToJumpOverIsRefused() {
        long[] many = LongStream.range(0, 300).toArray();
        assertThrows(IllegalArgumentException.class, () -> new Seccomp().allowIf(Syscall.IOCTL, 1, many));
    }

    private static ByteBuffer call(int arch, int number, long first, long second) {
        ByteBuffer data = ByteBuffer.allocate(SeccompData.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(SeccompData.NR, number).putInt(SeccompData.ARCH, arch);
        return data.putLong(SeccompData.ARGS, first).putLong(SeccompData.ARGS + 8, second);
    }

    /** Runs what goes to the kernel. */
    private static long run(BpfProgram program, ByteBuffer data) {
        ByteBuffer code = program.encode();
        int register = 0;
        for (int at = 0; ; at++) {
            int base = at * SandboxNumbers.SockFilter.SIZE;
            int operation = code.getShort(base + SandboxNumbers.SockFilter.CODE);
            int whenTrue = code.get(base + SandboxNumbers.SockFilter.JT) & 0xff;
            int whenFalse = code.get(base + SandboxNumbers.SockFilter.JF) & 0xff;
            int operand = code.getInt(base + SandboxNumbers.SockFilter.K);
            switch (operation) {
                case 0x20 -> register = data.getInt(operand);
                case 0x54 -> register &= operand;
                case 0x15 -> at += register == operand ? whenTrue : whenFalse;
                case 0x35 -> at += Integer.compareUnsigned(register, operand) >= 0 ? whenTrue : whenFalse;
                case 0x06 -> {
                    return operand & 0xffff_ffffL;
                }
                default -> throw new AssertionError("instruction " + operation);
            }
        }
    }
}
