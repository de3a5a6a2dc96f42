package dev.stardust.cluster.registry;

/** One change of a {@link Txn}. */
public sealed interface Op {
    /**
     * Writes the key; {@code lease} empty means until deleted, else the key goes when the lease ends. When that lease is
     * not alive (and not granted earlier in the same branch) the whole transaction changes nothing and is not applied.
     */
    record Put(String key, String value, String lease) implements Op {
        public Put(String key, String value) {
            this(key, value, "");
        }
    }

    /** Deletes the key if it exists. */
    record Delete(String key) implements Op {}

    /** Grants the lease or renews it; its renew revision becomes this transaction's revision. */
    record LeaseRenew(String lease, long ttlMs) implements Op {}

    /** Ends the lease: its keys are deleted in the same transaction. */
    record LeaseEnd(String lease, String reason) implements Op {}
}
