package dev.stardust.cluster.protocol;

/** The kinds of failure that a user meets, each with the exit code of the command line. */
public enum ErrorCode {
    /** A defect or an unexpected failure. */
    INTERNAL(1),
    /** The request itself is wrong. */
    USAGE(2),
    NOT_FOUND(3),
    /** It exists already, or somebody else changed it meanwhile. */
    CONFLICT(4),
    TIMEOUT(5),
    /** Not possible as things are: a prerequisite or a capacity is missing. */
    REFUSED(6);

    private final int exitCode;

    ErrorCode(int exitCode) {
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }
}
