package dev.stardust.cluster.registry;

/** A change that was applied on this node, in the order of revisions. */
public sealed interface WatchEvent {
    long revision();

    /** A key was written. */
    record Written(Entry entry, long revision) implements WatchEvent {}

    /** A key was deleted, by a transaction or because its lease ended. */
    record Deleted(String key, long revision) implements WatchEvent {}

    /** A lease ended: its holder is dead as far as the cluster is concerned. */
    record LeaseEnded(String lease, String reason, long revision) implements WatchEvent {}

    /** Events were missed (snapshot installed, this node was away): read everything again. */
    record Resync(long revision) implements WatchEvent {}
}
