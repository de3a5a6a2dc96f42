package dev.stardust.migration.core;

import dev.stardust.migration.core.Effect.Outcome;
import dev.stardust.migration.core.WorkerCommand.DiscardSource;
import dev.stardust.migration.core.WorkerCommand.ResumeSource;
import dev.stardust.vm.actor.Placement;
import java.util.Optional;

/** How an attempt ends on the source once the registry, or the target's word, has decided it. */
abstract sealed class SourceEnding extends MigrationCore permits MigrationSourceCore {
    static final String ASK_TIMER = "ask";

    final String self;
    final boolean recovering;
    private final String vm;

    /** Unknown only while a restarted node asks its worker. */
    Attempt attempt;

    /** What was last read of {@code migrations/VM}. */
    Optional<MigrationRecord> record = Optional.empty();

    /** Why the guest stays; empty while nothing speaks against the move. */
    String abortReason = "";

    /** Why there is no copy here any more; empty while there is one. */
    String lostReason = "";

    private Outcome discardOutcome = Outcome.MOVED;
    private String discardReason = "";

    SourceEnding(String self, String vm, Attempt attempt, MigrationLimits limits, MigrationPhase phase) {
        super(limits, phase);
        this.self = self;
        this.vm = vm;
        this.attempt = attempt;
        this.recovering = phase == MigrationPhase.RECOVERING;
    }

    @Override
    final String vm() {
        return vm;
    }

    final boolean isOpen(Optional<MigrationRecord> seen) {
        return isMine(seen) && seen.get().state() == MigrationRecord.State.OPEN;
    }

    final boolean isMine(Optional<MigrationRecord> seen) {
        return attempt != null && seen.isPresent() && seen.get().attempt().equals(attempt);
    }

    /** A copy that lost its tag with its worker leaves the record alone to tell which attempt it was. */
    final void adoptRecord() {
        if (attempt == null
                && record.isPresent()
                && record.get().attempt().source().equals(self)) {
            attempt = record.get().attempt();
        }
    }

    /** The attempt is closed for ever; the placement, read after the record, tells how. */
    final void afterClosed() {
        if (isMine(record) && record.get().state() == MigrationRecord.State.COMMITTED && !recovering) {
            awaitTarget();
        } else if (phase() == MigrationPhase.COMMITTING) {
            enter(MigrationPhase.ABORTING, "the attempt was closed by the target or another");
            readPlacement();
        } else {
            readPlacement();
        }
    }

    final void settle(Optional<Placement> placement) {
        if (placement.isEmpty()) {
            discard(Outcome.LOST, "VM " + vm + " was removed");
        } else if (placement.get().host().equals(self)) {
            resumeHere(placement.get().epoch());
        } else if (placement.get().equals(committedPlacement()) && isMine(record)) {
            awaitTarget();
        } else {
            // Who moved it on ran it first.
            discard(Outcome.MOVED, "VM " + vm + " lives on " + placement.get().host());
        }
    }

    final Placement committedPlacement() {
        return new Placement(attempt.target(), attempt.epoch() + 1);
    }

    /** The registry says that this host owns the VM. */
    final void resumeHere(long epoch) {
        if (epoch > attempt.epoch() && phase() != MigrationPhase.TAKING_BACK) {
            enter(MigrationPhase.TAKING_BACK, "");
        } else if (epoch == attempt.epoch() && phase() != MigrationPhase.ABORTING) {
            enter(MigrationPhase.ABORTING, abortReason);
        }
        if (lostReason.isEmpty()) {
            worker(new ResumeSource(attempt, epoch));
        } else {
            lost();
        }
    }

    final void lost() {
        tell(attempt.target(), new PeerMessage.Aborted(attempt, lostReason));
        finish(MigrationPhase.FAILED, Outcome.LOST, lostReason);
    }

    final void awaitTarget() {
        enter(MigrationPhase.RESUMING, "");
        setTimer(ASK_TIMER, limits.askMs());
        if (recovering) {
            tell(attempt.target(), new PeerMessage.Ask(attempt));
        }
    }

    final void discard(Outcome outcome, String reason) {
        dropTxn();
        discardOutcome = outcome;
        discardReason = reason;
        enter(MigrationPhase.DISCARDING, reason);
        if (lostReason.isEmpty()) {
            worker(new DiscardSource(attempt));
        } else {
            discarded();
        }
    }

    final void discarded() {
        finish(
                discardOutcome == Outcome.MOVED ? MigrationPhase.DONE : MigrationPhase.FAILED,
                discardOutcome,
                discardReason);
    }

    final void targetLost(PeerMessage.Gone gone) {
        if (gone.started()) {
            discard(Outcome.LOST, attempt.target() + " lost the guest after it had started it: " + gone.reason());
        } else if (!lostReason.isEmpty()) {
            discard(Outcome.LOST, lostReason + ", and " + attempt.target() + " lost its copy: " + gone.reason());
        } else {
            dropTxn();
            abortReason = gone.reason();
            enter(MigrationPhase.TAKING_BACK, gone.reason());
            readPlacement();
        }
    }

    /** Whether the attempt is open as far as this side has seen, so that an abort may still win. */
    final boolean mayAbort() {
        return switch (phase()) {
            case PREPARING, ROUNDS, PAUSING, FINAL, COMMITTING -> true;
            default -> false;
        };
    }

    /** Whether everything had been sent, so that the target can have committed. */
    final boolean committedOrMayBe() {
        return switch (phase()) {
            case PAUSING, FINAL, COMMITTING, ABORTING, RESUMING -> true;
            default -> false;
        };
    }
}
