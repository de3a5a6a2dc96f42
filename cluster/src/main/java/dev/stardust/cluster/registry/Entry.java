package dev.stardust.cluster.registry;

/**
 * One key of the registry.
 *
 * @param key slash-separated, for example {@code vms/web-1}
 * @param value UTF-8 JSON
 * @param createRevision revision of the transaction that created the key
 * @param modRevision revision of the transaction that last wrote it
 * @param lease id of the lease that the key lives by, empty when it lives until deleted
 */
public record Entry(String key, String value, long createRevision, long modRevision, String lease) {}
