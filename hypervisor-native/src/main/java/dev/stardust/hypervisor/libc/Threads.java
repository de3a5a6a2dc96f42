package dev.stardust.hypervisor.libc;

/** Ends of threads that use native memory or descriptors. */
public final class Threads {
    private Threads() {}

    /** Waits for a thread's end even when interrupted: what the thread uses is freed next. */
    public static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
