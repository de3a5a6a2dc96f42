package dev.stardust.hypervisor.sandbox;

import static dev.stardust.hypervisor.sandbox.SandboxNumbers.*;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.sandbox.SandboxNumbers.SeccompData;
import dev.stardust.hypervisor.sandbox.SandboxNumbers.SockFprog;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Which system calls this process may make, by seccomp(2): those that were allowed; all others fail with EPERM. Calls of
 * another ABI (32 bits, x32), which have other numbers, kill the process. Rules are looked at in the order given, so the
 * most frequent call that has conditions goes first; a newer kernel remembers which calls need no look at all.
 *
 * <p>Conditions are on the low 32 bits of an argument: the kernel looks at no more of those that are meant.
 */
public final class Seccomp {
    private static final int X32_BIT = 0x4000_0000;
    private static final int ARGUMENT_BYTES = 8;
    private static final long REFUSE = SECCOMP_RET_ERRNO | Errno.EPERM;

    private final BpfProgram program = new BpfProgram();

    public Seccomp() {
        program.load(SeccompData.ARCH);
        program.jumpIfEqual(AUDIT_ARCH_X86_64, 1, 0);
        program.end(SECCOMP_RET_KILL_PROCESS);
        program.load(SeccompData.NR);
        program.jumpIfAtLeast(X32_BIT, 0, 1);
        program.end(SECCOMP_RET_KILL_PROCESS);
    }

    /** Allows calls whatever their arguments are. */
    public Seccomp allow(Syscall... calls) {
        for (Syscall call : calls) {
            program.jumpIfEqual(call.number(), 0, 1);
            program.end(SECCOMP_RET_ALLOW);
        }
        return this;
    }

    /** Allows a call when an argument, counted from 0, is one of these. */
    public Seccomp allowIf(Syscall call, int argument, long... values) {
        return allowIfMasked(call, argument, -1, values);
    }

    /** Allows a call when these bits of an argument, counted from 0, are one of the values. */
    public Seccomp allowIfMasked(Syscall call, int argument, int mask, long... values) {
        int comparing = values.length;
        program.jumpIfEqual(call.number(), 0, 1 + 1 + comparing + 2);
        program.load(SeccompData.ARGS + argument * ARGUMENT_BYTES);
        program.and(mask);
        for (int i = 0; i < comparing; i++) {
            program.jumpIfEqual(values[i] & mask, comparing - i, 0);
        }
        program.end(REFUSE);
        program.end(SECCOMP_RET_ALLOW);
        return this;
    }

    /** Refuses a call with another error than EPERM, for callers that then do something else. */
    public Seccomp refuse(Syscall call, int errno) {
        program.jumpIfEqual(call.number(), 0, 1);
        program.end(SECCOMP_RET_ERRNO | errno);
        return this;
    }

    /** The whole filter. */
    BpfProgram program() {
        BpfProgram whole = new BpfProgram(program);
        whole.end(REFUSE);
        return whole;
    }

    /**
     * Puts the filter on every thread of this process, for good.
     *
     * @throws IllegalStateException if the kernel does not do it
     */
    public void install() {
        Libc.check(Libc.C.prctl((int) PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "giving up new privileges");
        BpfProgram whole = program();
        ByteBuffer instructions = whole.encode();
        ByteBuffer head = ByteBuffer.allocateDirect(SockFprog.SIZE).order(ByteOrder.nativeOrder());
        head.putShort(SockFprog.LEN, (short) whole.instructions().size());
        head.putLong(SockFprog.FILTER, Libc.address(instructions));
        try {
            long result = Libc.C.syscall(
                    Syscall.SECCOMP.number(),
                    SECCOMP_SET_MODE_FILTER,
                    SECCOMP_FILTER_FLAG_TSYNC,
                    Libc.address(head),
                    0,
                    0,
                    0);
            if (result != 0) {
                throw new IllegalStateException("system calls cannot be filtered ("
                        + (result < 0 ? Errno.text(Libc.errno()) : "thread " + result + " has another filter")
                        + "): the kernel needs CONFIG_SECCOMP_FILTER");
            }
        } finally {
            Reference.reachabilityFence(instructions);
            Reference.reachabilityFence(head);
        }
    }
}
