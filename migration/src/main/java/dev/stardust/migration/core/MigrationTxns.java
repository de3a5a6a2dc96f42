package dev.stardust.migration.core;

import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.vm.actor.Placement;
import java.util.List;
import java.util.OptionalLong;

/**
 * The four transactions of an attempt.
 *
 * <p>Each names the revisions that its proposer saw, so that once a condition is false it stays false: a retry, also
 * one after a restart and under the same request id, can never apply to something newer.
 */
final class MigrationTxns {
    private MigrationTxns() {}

    /**
     * The VM is still placed as seen and no other attempt has been written meanwhile.
     *
     * @param previousRevision revision of the closed record that is replaced, empty when there was none
     */
    static Txn open(Attempt attempt, long placementRevision, OptionalLong previousRevision) {
        String record = MigrationRecord.key(attempt.vm());
        Compare previous = previousRevision.isPresent()
                ? new Compare.AtRevision(record, previousRevision.getAsLong())
                : new Compare.Absent(record);
        return new Txn(
                requestId(attempt, "open"),
                List.of(new Compare.AtRevision(Placement.key(attempt.vm()), placementRevision), previous),
                List.of(put(attempt, MigrationRecord.State.OPEN)));
    }

    /** The attempt is still open and the VM still placed as seen: the target owns it from here on. */
    static Txn commit(Attempt attempt, long openRevision, long placementRevision) {
        return new Txn(
                requestId(attempt, "commit/" + openRevision),
                List.of(
                        new Compare.AtRevision(MigrationRecord.key(attempt.vm()), openRevision),
                        new Compare.AtRevision(Placement.key(attempt.vm()), placementRevision)),
                List.of(
                        place(attempt, attempt.target(), attempt.epoch() + 1),
                        put(attempt, MigrationRecord.State.COMMITTED)));
    }

    /** The attempt is still open: nothing moves. */
    static Txn abort(Attempt attempt, long openRevision, String proposer) {
        return new Txn(
                requestId(attempt, "abort/" + proposer + "/" + openRevision),
                List.of(new Compare.AtRevision(MigrationRecord.key(attempt.vm()), openRevision)),
                List.of(put(attempt, MigrationRecord.State.ABORTED)));
    }

    /** The VM is still placed on the target, which has said that it never ran it and has lost it. */
    static Txn takeBack(Attempt attempt, long placementRevision) {
        return new Txn(
                requestId(attempt, "take-back/" + placementRevision),
                List.of(new Compare.AtRevision(Placement.key(attempt.vm()), placementRevision)),
                List.of(
                        place(attempt, attempt.source(), attempt.epoch() + 2),
                        put(attempt, MigrationRecord.State.ABORTED)));
    }

    private static String requestId(Attempt attempt, String step) {
        return "migration/" + attempt.id() + "/" + step;
    }

    private static Op put(Attempt attempt, MigrationRecord.State state) {
        return new Op.Put(MigrationRecord.key(attempt.vm()), new MigrationRecord(attempt, state).toJson());
    }

    private static Op place(Attempt attempt, String host, long epoch) {
        return new Op.Put(Placement.key(attempt.vm()), new Placement(host, epoch).toJson());
    }
}
