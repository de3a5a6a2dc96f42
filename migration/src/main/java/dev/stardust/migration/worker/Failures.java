package dev.stardust.migration.worker;

import dev.stardust.cluster.protocol.Causes;
import dev.stardust.vm.worker.WorkerException;
import java.io.UncheckedIOException;

/** Failures as a node is told of them. */
final class Failures {
    private Failures() {}

    /** What went wrong, with what was being done. */
    static WorkerException of(String doing, Throwable failure) {
        Throwable cause = Causes.of(failure);
        while (cause instanceof UncheckedIOException && cause.getCause() != null) {
            cause = Causes.of(cause.getCause());
        }
        return new WorkerException(WorkerException.Code.MACHINE, doing + ": " + Causes.text(cause), cause);
    }
}
