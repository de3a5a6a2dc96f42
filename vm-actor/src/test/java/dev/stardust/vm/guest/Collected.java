package dev.stardust.vm.guest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;

/** Keeps what a command writes; tells that it is dealt with at once, or not at all. */
final class Collected implements OutputListener {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
    private final boolean consumes;
    private volatile Execution execution;
    private int early;

    Collected(boolean consumes) {
        this.consumes = consumes;
    }

    /** Starts a command that this listens to. */
    static CompletionStage<Execution> start(GuestAgent agent, GuestCommand command, Collected collected) {
        return agent.start(command, collected).thenApply(collected::with);
    }

    synchronized Execution with(Execution started) {
        execution = started;
        started.consumed(early);
        return started;
    }

    private void take(ByteArrayOutputStream into, byte[] bytes) {
        synchronized (this) {
            into.writeBytes(bytes);
            if (execution == null) {
                early += consumes ? bytes.length : 0;
                return;
            }
        }
        if (consumes) {
            execution.consumed(bytes.length);
        }
    }

    @Override
    public void output(byte[] bytes) {
        take(out, bytes);
    }

    @Override
    public void errors(byte[] bytes) {
        take(errors, bytes);
    }

    synchronized String text() {
        return out.toString(StandardCharsets.UTF_8);
    }

    synchronized String errorText() {
        return errors.toString(StandardCharsets.UTF_8);
    }

    synchronized int length() {
        return out.size();
    }
}
