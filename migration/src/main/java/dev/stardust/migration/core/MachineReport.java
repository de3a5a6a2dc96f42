package dev.stardust.migration.core;

import java.util.Optional;

/**
 * What a host holds of a VM, told by its worker and its durable files, not by any memory of the node process.
 *
 * @param kind what there is
 * @param attempt the attempt that the copy is tagged with: the source's from {@code StartSend} until it is resumed or
 *     discarded, the target's from {@code PrepareIncoming} until it is discarded or migrates on; empty without one
 */
public record MachineReport(Kind kind, Optional<Attempt> attempt) {
    /** What there is. */
    public enum Kind {
        /** No copy, and the host's files show that a guest was never started here for the attempt asked about. */
        NONE,
        /** No copy, and a guest was or may have been started here for the attempt asked about. */
        STARTED_AND_GONE,
        /** The guest runs. */
        RUNNING,
        /** The source's copy, paused. */
        PAUSED,
        /** The target's copy, not complete. */
        INCOMING,
        /** The target's copy, complete and restored, never started. */
        HELD
    }
}
