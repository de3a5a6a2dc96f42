package dev.stardust.vm.guest;

import java.io.IOException;

/** What a guest's agent refused, or that it cannot be reached. */
public final class AgentException extends IOException {
    private static final long serialVersionUID = 1;

    /** No such file, program or user in the guest (Linux's ENOENT). */
    public static final int NOT_FOUND = 2;

    /** Not allowed in the guest (Linux's EACCES). */
    public static final int NOT_ALLOWED = 13;

    /** There is one already (Linux's EBUSY). */
    public static final int BUSY = 16;

    private final int errno;

    AgentException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    AgentException(String message) {
        this(message, 0);
    }

    /** The same, with what was asked for before its message. */
    public AgentException about(String what) {
        return new AgentException(what + ": " + getMessage(), errno);
    }

    /** What Linux in the guest said, 0 when it said nothing. */
    public int errno() {
        return errno;
    }
}
