package dev.stardust.vm.actor;

import java.io.IOException;

/** A command that a VM is there for could not be started. */
final class CommandException extends IOException {
    private static final long serialVersionUID = 1;

    private final int code;

    /** @param code as shells tell it: 127 not found, 126 not executable, 125 else */
    CommandException(String message, int code) {
        super(message);
        this.code = code;
    }

    int code() {
        return code;
    }
}
