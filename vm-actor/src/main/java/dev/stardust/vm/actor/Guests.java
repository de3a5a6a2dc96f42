package dev.stardust.vm.actor;

import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** All that a host does within its guests, by the agents in them: one thread for decisions, others for what may wait. */
public final class Guests implements AutoCloseable {
    private final ScheduledThreadPoolExecutor loop;
    private final ExecutorService threads;
    private final GuestAgents agents;
    private final GuestSessions sessions;
    private final GuestCopies copies;

    /**
     * None yet.
     *
     * @param data the node's data folder
     */
    public Guests(Path data) {
        this(data, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
    }

    Guests(Path data, LongSupplier clockMs) {
        loop = new ScheduledThreadPoolExecutor(1, task -> daemon(task, "guests"));
        loop.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        threads = Executors.newCachedThreadPool(task -> daemon(task, "guests-io"));
        agents = new GuestAgents(data.resolve("vms"), loop, threads, clockMs);
        sessions = new GuestSessions(agents, loop, clockMs);
        copies = new GuestCopies(data.resolve("copies"), agents, threads, clockMs);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    GuestAgents agents() {
        return agents;
    }

    GuestSessions sessions() {
        return sessions;
    }

    GuestCopies copies() {
        return copies;
    }

    @Override
    public void close() {
        sessions.close();
        agents.close();
        loop.shutdown();
        threads.shutdown();
    }
}
