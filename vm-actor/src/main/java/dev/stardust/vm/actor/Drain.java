package dev.stardust.vm.actor;

import dev.stardust.vm.guest.Execution;
import dev.stardust.vm.guest.OutputListener;

/** Lets a command write what it wants and keeps nothing of it. */
final class Drain implements OutputListener {
    // Guarded by this.
    private Execution execution;
    private int early;

    /** The command, of which something may have come before. */
    Execution of(Execution started) {
        int before;
        synchronized (this) {
            execution = started;
            before = early;
        }
        started.consumed(before);
        return started;
    }

    @Override
    public void output(byte[] bytes) {
        Execution known;
        synchronized (this) {
            known = execution;
            early += known == null ? bytes.length : 0;
        }
        if (known != null) {
            known.consumed(bytes.length);
        }
    }

    @Override
    public void errors(byte[] bytes) {
        output(bytes);
    }
}
