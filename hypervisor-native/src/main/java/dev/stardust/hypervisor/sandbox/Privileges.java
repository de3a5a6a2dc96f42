package dev.stardust.hypervisor.sandbox;

import static dev.stardust.hypervisor.sandbox.SandboxNumbers.*;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What root may do beyond other users, and what a program may gain by being executed, see capabilities(7). */
final class Privileges {
    private static final int HEADER_BYTES = 8;
    /** Two structures of effective, permitted and inheritable. */
    private static final int DATA_BYTES = 2 * 3 * Integer.BYTES;

    private Privileges() {}

    /**
     * Takes every capability from the calling thread, and the chance to get one from a program that it, or what comes
     * from it, executes. Its user stays the same.
     */
    static void drop() {
        Libc.check(Libc.C.prctl((int) PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "giving up new privileges");
        dropBounds();
        Libc.check(
                Libc.C.prctl((int) PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
                "clearing the ambient capabilities");
        ByteBuffer none = ByteBuffer.allocateDirect(HEADER_BYTES + DATA_BYTES).order(ByteOrder.nativeOrder());
        none.putInt(0, (int) _LINUX_CAPABILITY_VERSION_3);
        long header = Libc.address(none);
        try {
            Libc.check(
                    Libc.C.syscall(Syscall.CAPSET.number(), header, header + HEADER_BYTES, 0, 0, 0, 0),
                    "dropping all capabilities");
        } finally {
            Reference.reachabilityFence(none);
        }
    }

    /** From 0 up to the first that the kernel does not know. Without CAP_SETPCAP there is nothing to be gained. */
    private static void dropBounds() {
        for (int capability = 0; Libc.C.prctl((int) PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++) {}
        if (Libc.errno() != Errno.EINVAL && Libc.errno() != Errno.EPERM) {
            throw new NativeException("dropping the bounding capabilities", Libc.errno());
        }
    }
}
