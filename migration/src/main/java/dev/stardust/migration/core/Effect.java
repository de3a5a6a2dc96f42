package dev.stardust.migration.core;

import dev.stardust.cluster.registry.Txn;

/** What a core wants done. Effects are done in order; their outcomes come back as events. */
public sealed interface Effect {
    /** Propose the transaction; answers {@link Event.TxnDone} or {@link Event.TxnUnknown}. */
    record CommitTxn(Txn txn) implements Effect {}

    /** Read one key, linearizably; answers {@link Event.RegistryRead} or {@link Event.RegistryReadFailed}. */
    record ReadRegistry(long readId, String key) implements Effect {}

    /** Send to the migration actors of another host. */
    record Tell(String host, PeerMessage message) implements Effect {}

    /** Ask this host's worker; answers {@link Event.WorkerDone} or {@link Event.WorkerFailed}. */
    record Worker(WorkerCommand command) implements Effect {}

    /** Start the timer, or start it anew. */
    record SetTimer(String name, long delayMs) implements Effect {}

    /** The user sees a new phase. */
    record Report(MigrationPhase phase, String detail) implements Effect {}

    /** The user sees a round. */
    record RoundReport(RoundStats stats, Convergence.Decision decision) implements Effect {}

    /** The last effect of every core: drop it, with its timers. */
    record Finished(Outcome outcome, String reason) implements Effect {}

    /** How a migration ended, as far as this host knows. */
    enum Outcome {
        /** The guest runs on the target. */
        MOVED,
        /** The guest runs on the source as before. */
        ABORTED,
        /** The commit applied, the target lost the guest before it ran, the source runs it again. */
        TAKEN_BACK,
        /** The guest is lost with a host or a worker. */
        LOST,
        /** There was nothing to do. */
        NOTHING
    }
}
