package dev.stardust.hypervisor.boot;

/** A kernel or command line that this machine cannot start; the message tells the user what is wrong with it. */
public final class BootException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BootException(String message) {
        super(message);
    }

    public BootException(String message, Throwable cause) {
        super(message, cause);
    }
}
