package dev.stardust.chaos.linux;

import dev.stardust.vm.guest.Execution;
import dev.stardust.vm.guest.OutputListener;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Keeps what a command in a guest writes. */
final class Said implements OutputListener {
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
    private Execution execution;
    private int early;

    /** Consumes what that one writes. */
    synchronized Execution of(Execution started) {
        execution = started;
        started.consumed(early);
        return started;
    }

    private synchronized void take(ByteArrayOutputStream into, byte[] bytes) {
        into.writeBytes(bytes);
        if (execution == null) {
            early += bytes.length;
        } else {
            execution.consumed(bytes.length);
        }
    }

    @Override
    public void output(byte[] bytes) {
        take(output, bytes);
    }

    @Override
    public void errors(byte[] bytes) {
        take(errors, bytes);
    }

    synchronized String output() {
        return output.toString(StandardCharsets.UTF_8);
    }

    synchronized String errorOutput() {
        return errors.toString(StandardCharsets.UTF_8);
    }
}
