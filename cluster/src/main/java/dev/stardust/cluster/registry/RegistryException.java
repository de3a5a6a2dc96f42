package dev.stardust.cluster.registry;

/** The registry did not answer, or cannot: the outcome of what was asked is unknown. */
public final class RegistryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RegistryException(String message) {
        super(message);
    }

    public RegistryException(String message, Throwable cause) {
        super(message, cause);
    }
}
