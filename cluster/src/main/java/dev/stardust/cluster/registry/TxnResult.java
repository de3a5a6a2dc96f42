package dev.stardust.cluster.registry;

/**
 * What became of a {@link Txn}.
 *
 * @param applied whether the conditions held and {@code then} applied
 * @param revision the registry's revision after the transaction
 * @param term the Raft term that the transaction was logged in
 */
public record TxnResult(boolean applied, long revision, long term) {}
