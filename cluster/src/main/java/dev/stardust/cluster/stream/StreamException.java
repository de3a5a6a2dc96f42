package dev.stardust.cluster.stream;

/** A stream could not be opened or broke; it cannot be used any more, except after {@link Reason#TIMEOUT}. */
public final class StreamException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Reason {
        /** Nobody listens there: wrong address, receiver gone before the first frame, or UDP blocked. */
        NOT_CONNECTED,
        /** The other side went away before the end of the stream. */
        PEER_GONE,
        /** The receiver was too slow for the deadline; nothing of the frame was sent. */
        TIMEOUT,
        /** The frame is larger than the stream carries; nothing of it was sent. */
        TOO_LARGE,
        /** Frames are missing or do not add up to what the sender counted. */
        CORRUPT,
        /** The media driver refused or is gone: connect a new transport. */
        DRIVER,
        /** Used after close, or after the end of the stream. */
        CLOSED,
        /** The thread was interrupted while it waited. */
        INTERRUPTED
    }

    private final Reason reason;

    public StreamException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public StreamException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
