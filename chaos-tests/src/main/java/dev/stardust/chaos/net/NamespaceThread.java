package dev.stardust.chaos.net;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.OpenFlags;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** Threads of this process whose sockets are in a network namespace. */
public final class NamespaceThread {
    private static final long SYS_SETNS = 308;
    private static final long CLONE_NEWNET = 0x4000_0000;

    private NamespaceThread() {}

    /** Does some work on a thread of its own that is in there. */
    public static <T> FutureTask<T> start(Network.Namespace namespace, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(() -> {
            enter("/run/netns/" + namespace.name());
            return work.call();
        });
        Thread thread = new Thread(task, "in-" + namespace.name());
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private static void enter(String file) {
        int fd = Libc.open(file, OpenFlags.READ_ONLY);
        try {
            // Seven arguments: jnr-ffi spoils the last of exactly six.
            Libc.check(Libc.C.syscall(SYS_SETNS, fd, CLONE_NEWNET, 0, 0, 0, 0), "setns");
        } finally {
            Libc.C.close(fd);
        }
    }
}
