package dev.stardust.cluster.registry;

/** A condition of a {@link Txn}; all must hold for its {@code then} operations to apply. */
public sealed interface Compare {
    /** The key does not exist. */
    record Absent(String key) implements Compare {}

    /** The key exists and was last written at this revision. */
    record AtRevision(String key, long modRevision) implements Compare {}

    /** The key exists and has exactly this value. */
    record HasValue(String key, String value) implements Compare {}

    /** The transaction is appended to the log in this Raft term: a deposed leader's decisions do not apply. */
    record InTerm(long term) implements Compare {}

    /** The lease is alive. */
    record LeaseAlive(String lease) implements Compare {}

    /** The lease is expired or was never granted. */
    record LeaseDead(String lease) implements Compare {}

    /** The lease is alive and was last renewed at this revision: nobody has renewed it since it was looked at. */
    record LeaseAtRevision(String lease, long renewRevision) implements Compare {}
}
