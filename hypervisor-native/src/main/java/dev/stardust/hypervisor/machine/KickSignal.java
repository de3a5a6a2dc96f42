package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.libc.Libc;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The signal that pulls a vCPU's thread out of KVM_RUN. Its handler does nothing: the interrupted system call is the
 * effect. The JVM uses neither this signal nor the handler's slot.
 */
final class KickSignal {
    private static final int SIGNAL = 34; // SIGRTMIN as glibc counts it

    // A function that takes a number and changes nothing.
    private static final String HANDLER = "labs";
    private static final long RTLD_DEFAULT = 0;

    // struct sigaction of glibc on x86-64; without SA_RESTART, so that KVM_RUN returns EINTR.
    private static final int SIGACTION_SIZE = 152;
    private static final int SA_HANDLER = 0;
    private static final int SA_FLAGS = 136;
    private static final int SA_ONSTACK = 0x0800_0000;

    static {
        install();
    }

    private KickSignal() {}

    private static void install() {
        ByteBuffer name = Libc.cString(HANDLER);
        ByteBuffer action = ByteBuffer.allocateDirect(SIGACTION_SIZE).order(ByteOrder.nativeOrder());
        try {
            long handler = Libc.C.dlsym(RTLD_DEFAULT, Libc.address(name));
            if (handler == 0) {
                throw new MachineException("the C library has no function " + HANDLER);
            }
            action.putLong(SA_HANDLER, handler).putInt(SA_FLAGS, SA_ONSTACK);
            Libc.check(Libc.C.sigaction(SIGNAL, Libc.address(action), 0), "sigaction");
        } finally {
            Reference.reachabilityFence(name);
            Reference.reachabilityFence(action);
        }
    }

    /** The number of the calling thread, for {@link #send}. */
    static int currentThread() {
        return Libc.C.gettid();
    }

    /** Interrupts a system call of a thread of this process. A thread that has ended is no error. */
    static void send(int tid) {
        Libc.C.tgkill(Libc.C.getpid(), tid, SIGNAL);
    }
}
