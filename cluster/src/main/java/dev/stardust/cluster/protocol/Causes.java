package dev.stardust.cluster.protocol;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Looks through what stages and futures wrap around a failure. */
public final class Causes {
    private Causes() {}

    /** What failed in the first place. */
    public static Throwable of(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** What to tell of it: its message, or its name where it has none. */
    public static String text(Throwable failure) {
        Throwable cause = of(failure);
        if (cause instanceof TimeoutException && cause.getMessage() == null) {
            return "no answer in time";
        }
        return cause.getMessage() == null ? cause.toString() : cause.getMessage();
    }
}
