package dev.stardust.chaos;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Undoes, last first, what a tool has set up: when it is closed, and when the JVM ends before (Ctrl-C). */
public final class Teardown implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Teardown.class);

    private final Deque<AutoCloseable> steps = new ArrayDeque<>();
    private final Thread hook = new Thread(this::run, "teardown");

    public Teardown() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Adds a step, before what it undoes is begun if that can fail half-way; gives it back. */
    public <T extends AutoCloseable> T add(T step) {
        synchronized (steps) {
            steps.push(step);
        }
        return step;
    }

    private void run() {
        while (true) {
            AutoCloseable step;
            synchronized (steps) {
                step = steps.poll();
            }
            if (step == null) {
                return;
            }
            try {
                step.close();
            } catch (Exception e) {
                // The other steps matter no less.
                LOG.warn("cleaning up: {}", e.toString());
            }
        }
    }

    @Override
    public void close() {
        run();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LOG.debug("the JVM is ending: its hook finds nothing left to do");
        }
    }
}
