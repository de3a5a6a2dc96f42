package dev.stardust.migration.core;

import dev.stardust.migration.core.Effect.Outcome;
import dev.stardust.migration.core.WorkerCommand.DiscardIncoming;
import dev.stardust.migration.core.WorkerCommand.Inspect;
import dev.stardust.migration.core.WorkerCommand.PrepareIncoming;
import dev.stardust.migration.core.WorkerCommand.ReceiveAndHold;
import dev.stardust.migration.core.WorkerCommand.ResumeTarget;
import dev.stardust.vm.actor.Placement;
import java.util.Optional;

/**
 * The side that shall run the guest.
 *
 * <p>Its rules: the commit is proposed only when everything is applied and on stable storage; the guest is started only
 * after the commit was seen to apply; a copy is destroyed only after the abort was seen to apply; "never started here"
 * is said only when the commit was seen and afterwards the host was found to hold no copy.
 */
public final class MigrationTargetCore extends MigrationCore {
    private static final String RESUME_TIMER = "resume";

    private final Attempt attempt;
    private final String spec;
    private final boolean recovering;

    private long openRevision;
    private long placementRevision;
    private String session = "";

    /** Why the attempt ends here; empty while nothing speaks against the move. */
    private String abortReason = "";

    /** Why the copy is gone; empty while there is one, or none yet. */
    private String lostReason = "";

    /** Set when the commit was seen. */
    private boolean committed;

    private MigrationTargetCore(Attempt attempt, String spec, MigrationLimits limits, MigrationPhase phase) {
        super(limits, phase);
        this.attempt = attempt;
        this.spec = spec;
        this.recovering = phase == MigrationPhase.RECOVERING;
    }

    /** Answers an offer. */
    public static MigrationTargetCore start(PeerMessage.Offer offer, MigrationLimits limits) {
        return new MigrationTargetCore(offer.attempt(), offer.spec(), limits, MigrationPhase.OPENING);
    }

    /** Ends an attempt that a node process that died has left behind on this host, or that the source asks about. */
    public static MigrationTargetCore recover(Attempt attempt, MigrationLimits limits) {
        return new MigrationTargetCore(attempt, "", limits, MigrationPhase.RECOVERING);
    }

    public Attempt attempt() {
        return attempt;
    }

    @Override
    String vm() {
        return attempt.vm();
    }

    @Override
    void begin() {
        if (recovering) {
            abortReason = "the target's node process was restarted";
        } else {
            enter(MigrationPhase.OPENING, "");
            setTimer(BEAT_TIMER, limits.beatMs());
        }
        readRecord();
    }

    // ---- the registry answers ----

    @Override
    void onRecord(Optional<MigrationRecord> record, long revision) {
        boolean mine = record.isPresent() && record.get().attempt().equals(attempt);
        MigrationRecord.State state = mine ? record.get().state() : MigrationRecord.State.ABORTED;
        switch (phase()) {
            case OPENING -> {
                if (state == MigrationRecord.State.OPEN) {
                    openRevision = revision;
                    readPlacement();
                } else {
                    refuse("the attempt is not open in the registry");
                }
            }
            case RECOVERING, ABORTING, COMMITTING -> {
                if (movesOn(record)) {
                    running();
                    return;
                }
                switch (state) {
                    case OPEN -> {
                        openRevision = revision;
                        proposeAbort();
                    }
                    case COMMITTED -> readPlacement();
                    case ABORTED -> discardIncoming();
                }
            }
            default -> {
                // Asked for in a phase that is over.
            }
        }
    }

    /** Whether this host, as the owner that it became by this attempt, has begun to move the VM on: so it ran here. */
    private boolean movesOn(Optional<MigrationRecord> record) {
        return record.map(MigrationRecord::attempt)
                .filter(next -> next.source().equals(attempt.target()))
                .filter(next -> next.epoch() == attempt.epoch() + 1)
                .isPresent();
    }

    @Override
    void onPlacement(Optional<Placement> placement, long revision) {
        if (phase() == MigrationPhase.OPENING) {
            if (placement.isPresent() && placement.get().equals(new Placement(attempt.source(), attempt.epoch()))) {
                placementRevision = revision;
                enter(MigrationPhase.PREPARING, "");
                setTimer(SILENT_TIMER, limits.peerSilentMs());
                worker(new PrepareIncoming(attempt, spec));
            } else {
                refuse("VM " + attempt.vm() + " is not placed on " + attempt.source() + " at epoch " + attempt.epoch());
            }
        } else if (placement.isPresent()
                && placement.get().equals(new Placement(attempt.target(), attempt.epoch() + 1))) {
            committed = true;
            inspect();
        } else {
            // The VM has moved on from here, was taken back or was removed.
            discardIncoming();
        }
    }

    @Override
    void onTxn(Purpose answered, boolean applied, long revision) {
        if (applied && answered == Purpose.COMMIT) {
            committed = true;
            if (lostReason.isEmpty()) {
                resume();
            } else {
                inspect();
            }
        } else if (applied && answered == Purpose.ABORT) {
            discardIncoming();
        } else {
            readRecord();
        }
    }

    private void proposeAbort() {
        enter(MigrationPhase.ABORTING, abortReason);
        propose(Purpose.ABORT, MigrationTxns.abort(attempt, openRevision, attempt.target()));
    }

    private void refuse(String reason) {
        tell(attempt.source(), new PeerMessage.Refused(attempt, reason));
        finish(MigrationPhase.ABORTED, Outcome.ABORTED, reason);
    }

    /** Before the commit is proposed anything may end the attempt; afterwards the registry alone decides. */
    private void abort(String reason) {
        if (phase() == MigrationPhase.PREPARING || phase() == MigrationPhase.ROUNDS) {
            abortReason = reason;
            proposeAbort();
        }
    }

    private void discardIncoming() {
        enter(MigrationPhase.DISCARDING, abortReason);
        worker(new DiscardIncoming(attempt));
    }

    private void resume() {
        enter(MigrationPhase.RESUMING, "");
        worker(new ResumeTarget(attempt, attempt.epoch() + 1));
    }

    /** The commit applied: what this host holds decides. Asked after the commit was seen, so "no copy" is final. */
    private void inspect() {
        enter(MigrationPhase.RESUMING, "");
        worker(new Inspect(attempt.vm(), attempt.id()));
    }

    private void running() {
        tell(attempt.source(), new PeerMessage.Running(attempt));
        finish(MigrationPhase.DONE, Outcome.MOVED, "");
    }

    private void gone(boolean started, String reason) {
        tell(attempt.source(), new PeerMessage.Gone(attempt, started, reason));
        finish(MigrationPhase.FAILED, Outcome.LOST, reason);
    }

    // ---- the worker answers ----

    @Override
    void onWorkerDone(WorkerCommand done, WorkerResult result) {
        if (done instanceof PrepareIncoming && result instanceof WorkerResult.Session opened) {
            session = opened.session();
            enter(MigrationPhase.ROUNDS, "");
            accept();
            worker(new ReceiveAndHold(attempt));
        } else if (done instanceof ReceiveAndHold) {
            enter(MigrationPhase.COMMITTING, "");
            propose(Purpose.COMMIT, MigrationTxns.commit(attempt, openRevision, placementRevision));
        } else if (done instanceof ResumeTarget) {
            running();
        } else if (done instanceof Inspect && result instanceof WorkerResult.Report report) {
            inspected(report.report().kind());
        } else if (done instanceof DiscardIncoming) {
            discarded();
        }
    }

    private void accept() {
        tell(attempt.source(), new PeerMessage.Accepted(attempt, session));
    }

    private void inspected(MachineReport.Kind kind) {
        switch (kind) {
            // However often it failed: this may be the only copy left, so it is never given up.
            case HELD -> resume();
            case RUNNING -> running();
            case STARTED_AND_GONE -> gone(true, lostOr("the copy here was lost after it had been started"));
            case NONE -> gone(false, lostOr("the copy here was lost before it was started"));
            // A partial copy was never committed on, and a paused one is on its way to a third host.
            case INCOMING -> discardIncoming();
            case PAUSED -> running();
        }
    }

    private String lostOr(String reason) {
        return lostReason.isEmpty() ? reason : lostReason;
    }

    private void discarded() {
        if (committed) {
            gone(false, lostOr("the copy here was not complete"));
        } else {
            tell(attempt.source(), new PeerMessage.Aborted(attempt, abortReason));
            finish(MigrationPhase.ABORTED, Outcome.ABORTED, abortReason);
        }
    }

    @Override
    void onWorkerFailed(WorkerCommand failed, String reason) {
        if (failed instanceof PrepareIncoming || failed instanceof ReceiveAndHold) {
            abort(reason);
        } else if (failed instanceof ResumeTarget) {
            emit(new Effect.Report(phase(), "the guest could not be resumed yet: " + reason));
            setTimer(RESUME_TIMER, limits.retryMs());
        } else {
            emit(new Effect.Report(phase(), reason));
            retryWorker();
        }
    }

    @Override
    void onGuestPaused() {
        // Only a source pauses.
    }

    @Override
    void onWorkerLost(String reason, boolean waiting) {
        if (phase() == MigrationPhase.OPENING) {
            return;
        }
        lostReason = reason;
        switch (phase()) {
            case PREPARING, ROUNDS -> abort(reason);
            // Whether the guest was started before its worker died is in the host's files.
            case RESUMING -> inspect();
            case DISCARDING -> discarded();
            default -> {
                // The registry's answer decides what there is to say.
            }
        }
    }

    // ---- the source, the user and the clock ----

    @Override
    void onPeer(PeerMessage message) {
        if (!message.attempt().equals(attempt)) {
            if (message instanceof PeerMessage.Offer) {
                abort("the source began another attempt");
            }
            return;
        }
        setTimer(SILENT_TIMER, limits.peerSilentMs());
        if (message instanceof PeerMessage.Offer && phase() == MigrationPhase.ROUNDS) {
            accept();
        } else if (message instanceof PeerMessage.Aborted aborted) {
            abort(aborted.reason());
        }
    }

    @Override
    void onCancel(String reason) {
        abort(reason);
    }

    @Override
    void onTimer(String name) {
        switch (name) {
            case BEAT_TIMER -> {
                tell(attempt.source(), new PeerMessage.Beat(attempt, phase()));
                setTimer(BEAT_TIMER, limits.beatMs());
            }
            case RESUME_TIMER -> inspect();
            case SILENT_TIMER -> abort(attempt.source() + " was silent for " + limits.peerSilentMs() + " ms");
            default -> throw new IllegalArgumentException("unknown timer " + name);
        }
    }
}
