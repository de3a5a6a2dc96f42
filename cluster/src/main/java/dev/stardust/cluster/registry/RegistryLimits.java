package dev.stardust.cluster.registry;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a transaction may hold. The registry keeps decisions, not data: whoever reaches a limit stores in the wrong place. */
final class RegistryLimits {
    /** Longest key, lease id, request id or reason, in UTF-8 bytes. */
    static final int MAX_NAME_BYTES = 512;

    /** Longest value, in UTF-8 bytes. */
    static final int MAX_VALUE_BYTES = 64 << 10;

    /** Most conditions of a transaction, and most operations of one branch. */
    static final int MAX_PARTS = 4096;

    /** Longest encoded transaction: well below the smallest gRPC and log buffer that it passes. */
    static final int MAX_TXN_BYTES = 1 << 20;

    private RegistryLimits() {}

    /** Throws {@link IllegalArgumentException}, naming the part, when the transaction breaks a limit. */
    static void check(Txn txn) {
        name("request id", txn.requestId());
        if (txn.requestId().isEmpty()) {
            throw new IllegalArgumentException("a transaction needs a request id");
        }
        count("conditions", txn.when().size());
        for (Compare compare : txn.when()) {
            check(compare);
        }
        check(txn.then());
        check(txn.otherwise());
    }

    private static void check(Compare compare) {
        if (compare instanceof Compare.Absent c) {
            key(c.key());
        } else if (compare instanceof Compare.AtRevision c) {
            key(c.key());
        } else if (compare instanceof Compare.HasValue c) {
            key(c.key());
            value(c.key(), c.value());
        } else if (compare instanceof Compare.LeaseAlive c) {
            lease(c.lease());
        } else if (compare instanceof Compare.LeaseDead c) {
            lease(c.lease());
        } else if (compare instanceof Compare.LeaseAtRevision c) {
            lease(c.lease());
        }
    }

    private static void check(List<Op> ops) {
        count("operations", ops.size());
        for (Op op : ops) {
            if (op instanceof Op.Put put) {
                key(put.key());
                value(put.key(), put.value());
                name("lease", put.lease());
            } else if (op instanceof Op.Delete delete) {
                key(delete.key());
            } else if (op instanceof Op.LeaseRenew renew) {
                lease(renew.lease());
                if (renew.ttlMs() <= 0) {
                    throw new IllegalArgumentException(
                            "the ttl of lease " + renew.lease() + " must be positive: " + renew.ttlMs());
                }
            } else if (op instanceof Op.LeaseEnd end) {
                lease(end.lease());
                name("reason", end.reason());
            }
        }
    }

    private static void key(String key) {
        notEmpty("key", key);
    }

    private static void lease(String lease) {
        notEmpty("lease", lease);
    }

    private static void notEmpty(String what, String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("empty " + what);
        }
        name(what, text);
    }

    private static void name(String what, String text) {
        bytes(what + " " + cut(text), text, MAX_NAME_BYTES);
    }

    private static void value(String key, String value) {
        bytes("the value of " + key, value, MAX_VALUE_BYTES);
    }

    private static void bytes(String what, String text, int limit) {
        // A UTF-16 unit is at most three bytes of UTF-8: most texts need no encoding to be found short enough.
        if (text.length() * 3L > limit && text.getBytes(StandardCharsets.UTF_8).length > limit) {
            throw new IllegalArgumentException(what + " is longer than " + limit + " bytes");
        }
    }

    private static void count(String what, int n) {
        if (n > MAX_PARTS) {
            throw new IllegalArgumentException(n + " " + what + " in a transaction, at most " + MAX_PARTS);
        }
    }

    private static String cut(String text) {
        return text.length() > 64 ? text.substring(0, 64) + "..." : text;
    }
}
