package dev.stardust.ops.api;

import dev.stardust.chunk.store.DiskFullException;
import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.RegistryException;
import java.io.IOException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns any failure into one that a user can read. */
final class Failures {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private Failures() {}

    static ClusterException toClusterException(Throwable failure) {
        Throwable cause = Causes.of(failure);
        if (cause instanceof ClusterException e) {
            return e;
        }
        if (cause instanceof TimeoutException) {
            return new ClusterException(
                    ErrorCode.TIMEOUT,
                    "no answer in time" + (cause.getMessage() == null ? "" : ": " + cause.getMessage())
                            + "; the node's log may tell why");
        }
        if (diskFull(cause)) {
            return new ClusterException(ErrorCode.REFUSED, cause.getMessage());
        }
        if (cause instanceof RegistryException) {
            return new ClusterException(ErrorCode.TIMEOUT, cause.getMessage());
        }
        LOG.warn("unexpected failure", cause);
        return new ClusterException(
                ErrorCode.INTERNAL, cause.getMessage() == null ? cause.toString() : cause.getMessage());
    }

    private static boolean diskFull(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            // The JDK tells ENOSPC by its text alone.
            boolean told =
                    t instanceof IOException && String.valueOf(t.getMessage()).contains("No space left on device");
            if (told || t instanceof DiskFullException) {
                return true;
            }
        }
        return false;
    }

    static int httpStatus(ErrorCode code) {
        return switch (code) {
            case USAGE -> 400;
            case NOT_FOUND -> 404;
            case CONFLICT -> 409;
            case TIMEOUT -> 504;
            case REFUSED -> 412;
            case INTERNAL -> 500;
        };
    }
}
