package dev.stardust.migration.page;

/** A frame is damaged, out of order or hostile; nothing of it was applied, and the stream cannot go on. */
public final class PageFrameException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public PageFrameException(String message) {
        super(message);
    }
}
