package dev.stardust.chunk.manifest;

/** Is told how far a long piece of work is; called from the thread that does it, often. */
@FunctionalInterface
public interface Progress {
    Progress NONE = (done, total) -> {};

    /** {@code done} of {@code total} bytes are done. */
    void bytes(long done, long total);
}
