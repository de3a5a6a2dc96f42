package dev.stardust.cluster.registry;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * The cluster's only truth: a small replicated key-value store with revisions, compare-and-set transactions, leases and
 * watches (the etcd model).
 *
 * <p>No call blocks. A stage fails with {@link RegistryException} when the outcome is unknown or there is no majority;
 * the same transaction (same request id) may then be sent again.
 */
public interface Registry {
    /** Applies a transaction once and tells whether its conditions held. */
    CompletionStage<TxnResult> commit(Txn txn);

    /** All entries under a prefix, ordered by key; linearizable. */
    CompletionStage<List<Entry>> read(String prefix);

    /** All living leases; linearizable. */
    CompletionStage<List<LeaseView>> leases();

    /** What this node has applied so far, ordered by key; may be behind, never decide by it. */
    List<Entry> local(String prefix);

    /** One key of what this node has applied so far. */
    Optional<Entry> localGet(String key);

    /** The term in which this node leads, empty when it does not. */
    OptionalLong leaderTerm();

    /** The peer id of the leader as far as this node knows. */
    Optional<String> leader();

    /**
     * Calls {@code listener} for every change of a key under {@code prefix}, for every lease that ends and for every
     * resync, as applied on this node from now on, until the watch is closed. One thread calls all listeners of a node
     * in the order of revisions: a listener must not block, and what it throws is logged and ignored.
     */
    Watch watch(String prefix, Consumer<WatchEvent> listener);

    /** A running watch. */
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * A living lease.
     *
     * @param renewRevision revision of the last renewal
     */
    record LeaseView(String lease, long ttlMs, long renewRevision) {}
}
