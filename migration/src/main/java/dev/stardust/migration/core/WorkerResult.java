package dev.stardust.migration.core;

/** What a command that succeeded answers. */
public sealed interface WorkerResult {
    /** Done. */
    record Ok() implements WorkerResult {}

    /** The stream waits for the source; {@code session} is opaque to the cores. */
    record Session(String session) implements WorkerResult {}

    /** A round is over. */
    record Round(RoundStats stats) implements WorkerResult {}

    /** What the host holds. */
    record Report(MachineReport report) implements WorkerResult {}
}
