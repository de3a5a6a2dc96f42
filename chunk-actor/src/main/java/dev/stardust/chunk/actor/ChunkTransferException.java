package dev.stardust.chunk.actor;

/** Chunks could not be brought where they belong; the text names the chunk and the hosts. */
public final class ChunkTransferException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ChunkTransferException(String message) {
        super(message);
    }

    public ChunkTransferException(String message, Throwable cause) {
        super(message, cause);
    }
}
