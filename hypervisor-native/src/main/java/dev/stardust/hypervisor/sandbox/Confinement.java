package dev.stardust.hypervisor.sandbox;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts processes that never had the rights of this one. */
public final class Confinement {
    private static final Logger LOG = LoggerFactory.getLogger(Confinement.class);
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private Confinement() {}

    /** Something to be done with few rights. */
    @FunctionalInterface
    public interface Work<T> {
        T run() throws IOException;
    }

    /**
     * Does something on a thread of its own, which has no capabilities left and reaches the files given only. What it
     * starts inherits that; this process keeps its rights. A kernel without Landlock restricts no files: that is logged
     * once.
     *
     * <p>Threads that Java makes meanwhile inherit it too. After {@code ProcessBuilder.start} that is the thread that
     * waits for the process: let nobody ask for {@code onExit} of one started here, since that may make a thread of the
     * common pool from it.
     */
    public static <T> T run(Landlock files, Work<T> work) throws IOException {
        Task<T> task = new Task<>(files, work);
        Thread thread = new Thread(task, "confined-start");
        thread.start();
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
        return task.result();
    }

    private static final class Task<T> implements Runnable {
        private final Landlock files;
        private final Work<T> work;
        private T done;
        private Throwable failure;

        Task(Landlock files, Work<T> work) {
            this.files = files;
            this.work = work;
        }

        @Override
        public void run() {
            try {
                Privileges.drop();
                if (Landlock.abi() > 0) {
                    files.restrictThread();
                } else if (WARNED.compareAndSet(false, true)) {
                    LOG.warn("this kernel has no Landlock: what a worker may open is not limited; mend it with a"
                            + " kernel of 5.13 or newer, or 'landlock' in its parameter lsm=");
                }
                done = work.run();
            } catch (Throwable e) {
                failure = e;
            }
        }

        T result() throws IOException {
            if (failure instanceof IOException e) {
                throw e;
            }
            if (failure instanceof RuntimeException e) {
                throw e;
            }
            if (failure instanceof Error e) {
                throw e;
            }
            return done;
        }
    }
}
