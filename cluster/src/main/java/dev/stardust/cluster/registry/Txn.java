package dev.stardust.cluster.registry;

import java.util.List;

/**
 * A compare-and-set transaction. A transaction sent twice under one request id applies once and answers the same.
 *
 * @param requestId unique for ever, for example a random UUID
 * @param when conditions, all of which must hold
 * @param then applied in order when they do
 * @param otherwise applied in order when they do not
 */
public record Txn(String requestId, List<Compare> when, List<Op> then, List<Op> otherwise) {
    public Txn {
        when = List.copyOf(when);
        then = List.copyOf(then);
        otherwise = List.copyOf(otherwise);
    }

    public Txn(String requestId, List<Compare> when, List<Op> then) {
        this(requestId, when, then, List.of());
    }
}
