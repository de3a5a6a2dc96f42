package dev.stardust.migration.worker;

import dev.stardust.vm.worker.WorkerException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Failures as a node is told of them. */
final class Failures {
    private Failures() {}

    /** What went wrong, with what was being done. */
    static WorkerException of(String doing, Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException
                        || cause instanceof ExecutionException
                        || cause instanceof UncheckedIOException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        String text = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return new WorkerException(WorkerException.Code.MACHINE, doing + ": " + text, cause);
    }
}
