package dev.stardust.vm.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Workers that are threads of this process, where starting a JVM costs too much and nobody has to be kept from anybody:
 * in tests and in the lab. A node speaks to them as to any other, over their sockets. They are not confined, and end with
 * this or with the process.
 */
public final class InProcessWorkers implements WorkerLauncher, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InProcessWorkers.class);

    /** Longer than a worker takes to destroy its machines. */
    private static final long END_LIMIT_MS = 30_000;

    private final Supplier<Map<String, WorkerOp>> extensions;
    private final List<WorkerThread> started = new CopyOnWriteArrayList<>();

    /**
     * None yet.
     *
     * @param extensions makes one worker's operations of other modules
     */
    public InProcessWorkers(Supplier<Map<String, WorkerOp>> extensions) {
        this.extensions = extensions;
    }

    @Override
    public RunningWorker start(WorkerSettings settings, Path folder, CreateMachine only) throws IOException {
        Files.createDirectories(folder);
        WorkerThread worker = new WorkerThread(folder, extensions.get());
        started.add(worker);
        worker.thread.start();
        return worker;
    }

    /** Ends all of them, with their VMs. */
    @Override
    public void close() {
        started.forEach(WorkerThread::kill);
        try {
            for (WorkerThread worker : started) {
                worker.thread.join(END_LIMIT_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class WorkerThread implements RunningWorker {
        private final Thread thread;
        private volatile String end = "";

        WorkerThread(Path folder, Map<String, WorkerOp> extensions) {
            thread = new Thread(() -> serve(folder, extensions), "worker-" + folder.getFileName());
            thread.setDaemon(true);
        }

        private void serve(Path folder, Map<String, WorkerOp> extensions) {
            try {
                WorkerRuntime.run(folder, extensions);
                end = " when it was told to";
            } catch (IOException | RuntimeException e) {
                LOG.error("the worker in {} ends", folder, e);
                end = " of " + e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                end = " when it was killed";
            }
        }

        @Override
        public long pid() {
            return ProcessHandle.current().pid();
        }

        @Override
        public boolean isAlive() {
            return thread.isAlive();
        }

        @Override
        public void kill() {
            thread.interrupt();
        }

        @Override
        public String end() {
            return end;
        }
    }
}
