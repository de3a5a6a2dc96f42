package dev.stardust.chaos;

/** A failure that the user is told in one line. */
public final class ToolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Exit code of what we did wrong ourselves. */
    public static final int INTERNAL = 1;

    /** Exit code when something of that name is there already. */
    public static final int CONFLICT = 4;

    /** Exit code when something did not happen in time. */
    public static final int TIMEOUT = 5;

    /** Exit code when a prerequisite is missing. */
    public static final int REFUSED = 6;

    private final int exitCode;

    public ToolException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    public ToolException(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }
}
