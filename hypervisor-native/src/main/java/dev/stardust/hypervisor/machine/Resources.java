package dev.stardust.hypervisor.machine;

import java.util.ArrayDeque;
import java.util.Deque;

/** What must be given back, in the reverse order of how it was taken. One failure does not keep the others open. */
public final class Resources implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /** Takes note of one more. */
    public <T extends AutoCloseable> T add(T resource) {
        open.push(resource);
        return resource;
    }

    /** Gives everything back after building failed for that reason, which also takes note of what goes wrong now. */
    public void closeAfter(Throwable reason) {
        try {
            close();
        } catch (MachineException again) {
            reason.addSuppressed(again);
        }
    }

    /**
     * Gives everything back.
     *
     * @throws MachineException with the first failure, after all were tried
     */
    @Override
    public void close() {
        MachineException failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                if (failure == null) {
                    failure = new MachineException("could not close all of the machine: " + e.getMessage(), e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
