package dev.stardust.migration.core;

/** Where a migration is, as the user sees it. Source and target walk the same list; not every phase is on both sides. */
public enum MigrationPhase {
    /** After a node restart: the registry and the worker are asked what became of an attempt. */
    RECOVERING,
    /** The source opens the attempt in the registry; the target checks that it is open. */
    OPENING,
    /** The target fetches base and disk chunks and creates the incoming machine. */
    PREPARING,
    /** The guest runs; rounds of dirty pages and disk blocks go to the target. */
    ROUNDS,
    /** The source stops the vCPUs and drains the devices. */
    PAUSING,
    /** The guest is paused; last pages, last disk blocks and the device state go to the target. */
    FINAL,
    /** The target has applied and fsynced everything and proposes the commit; the source waits to see it. */
    COMMITTING,
    /** The commit applied: the target resumes the guest, the source waits for its word. */
    RESUMING,
    /** The commit applied, the target never ran the guest and has lost it: the source takes the VM back. */
    TAKING_BACK,
    /** The abort is proposed, or applied and the guest is made to run on the source again. */
    ABORTING,
    /** A copy that is no longer needed is destroyed: the source's after a move, the target's after an abort. */
    DISCARDING,
    /** The VM runs on the target. */
    DONE,
    /** The VM stayed on, or came back to, the source. */
    ABORTED,
    /** The VM was lost with a host or a worker. */
    FAILED;

    /** Whether nothing more will happen. */
    public boolean isFinal() {
        return this == DONE || this == ABORTED || this == FAILED;
    }
}
