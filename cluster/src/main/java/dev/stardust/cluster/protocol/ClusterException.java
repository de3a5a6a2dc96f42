package dev.stardust.cluster.protocol;

import java.util.Objects;

/** A failure whose text tells the user what failed and what to do next. */
public final class ClusterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public ClusterException(ErrorCode code, String message) {
        super(message);
        this.code = Objects.requireNonNull(code, "code");
    }

    public ClusterException(ErrorCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = Objects.requireNonNull(code, "code");
    }

    public ErrorCode code() {
        return code;
    }
}
