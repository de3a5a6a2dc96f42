package dev.stardust.ops.cli;

/** A failure that is told to the user in one line, with the exit code that scripts look at. */
final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Exit codes of the design: 1 internal, 2 usage, 3 not found, 4 conflict, 5 timeout, 6 refused or missing. */
    static final int INTERNAL = 1;

    static final int USAGE = 2;
    static final int NOT_FOUND = 3;
    static final int CONFLICT = 4;
    static final int TIMEOUT = 5;
    static final int REFUSED = 6;

    private final int exitCode;

    CliException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }

    /** The exit code for an error code as the API names it. */
    static int exitCodeOf(String errorCode) {
        return switch (errorCode) {
            case "USAGE" -> USAGE;
            case "NOT_FOUND" -> NOT_FOUND;
            case "CONFLICT" -> CONFLICT;
            case "TIMEOUT" -> TIMEOUT;
            case "REFUSED" -> REFUSED;
            default -> INTERNAL;
        };
    }
}
