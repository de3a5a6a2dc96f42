package dev.stardust.hypervisor.machine;

/** A step of a machine failed; the message tells the user what failed and, where known, what mends it. */
public final class MachineException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MachineException(String message) {
        super(message);
    }

    public MachineException(String message, Throwable cause) {
        super(message, cause);
    }
}
