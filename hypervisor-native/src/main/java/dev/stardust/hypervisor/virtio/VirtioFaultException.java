package dev.stardust.hypervisor.virtio;

/** A driver broke the rules in a way that leaves its device nothing to do but ask for a reset. */
public final class VirtioFaultException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Says what the driver did. */
    public VirtioFaultException(String message) {
        super(message);
    }
}
