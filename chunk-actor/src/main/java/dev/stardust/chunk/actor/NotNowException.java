package dev.stardust.chunk.actor;

/** The asked host knows another ring, or is too busy: to be asked again soon. */
final class NotNowException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotNowException(String message) {
        super(message, null, false, false);
    }
}
