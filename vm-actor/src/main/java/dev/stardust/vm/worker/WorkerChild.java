package dev.stardust.vm.worker;

/**
 * A worker that is a process.
 *
 * @param child the same as this JVM knows it, or null if an earlier node process started it
 */
record WorkerChild(ProcessId process, Process child) implements RunningWorker {
    @Override
    public long pid() {
        return process.pid();
    }

    /** {@inheritDoc} A child of this JVM is so until the JVM has its exit status, which {@link #end} tells. */
    @Override
    public boolean isAlive() {
        return child == null ? process.isAlive() : child.isAlive();
    }

    @Override
    public void kill() {
        process.kill();
    }

    @Override
    public String end() {
        if (child == null) {
            return "";
        }
        // The shell's way to tell a signal: 128 and its number.
        int status = child.exitValue();
        return status > 128 ? " of signal " + (status - 128) : " with exit status " + status;
    }
}
