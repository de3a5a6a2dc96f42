package dev.stardust.migration.core;

import dev.stardust.migration.core.Effect.Outcome;
import dev.stardust.migration.core.WorkerCommand.DiscardSource;
import dev.stardust.migration.core.WorkerCommand.Inspect;
import dev.stardust.migration.core.WorkerCommand.PauseAndFinal;
import dev.stardust.migration.core.WorkerCommand.ResumeSource;
import dev.stardust.migration.core.WorkerCommand.Round;
import dev.stardust.migration.core.WorkerCommand.StartSend;
import dev.stardust.vm.actor.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The side that runs the guest when the migration begins.
 *
 * <p>Its rules: a failure before the commit ends in a proposed abort; the guest is resumed only after the abort was
 * seen to apply; the paused copy is kept until the target has said that it started the guest; the VM is taken back only
 * after the target has said that it never did and holds no copy.
 */
public final class MigrationSourceCore extends SourceEnding {
    private static final String OFFER_TIMER = "offer";
    private static final String TOTAL_TIMER = "total";
    private static final String FINAL_TIMER = "final";
    private static final String POLL_TIMER = "poll";

    private final String spec;
    private final Convergence convergence;
    private final List<RoundStats> rounds = new ArrayList<>();

    private long placementRevision;
    private long openRevision;
    private boolean openRefused;

    private MigrationSourceCore(
            String self, String vm, Attempt attempt, String spec, MigrationLimits limits, MigrationPhase phase) {
        super(self, vm, attempt, limits, phase);
        this.spec = spec;
        this.convergence = new Convergence(limits);
    }

    /** A new attempt to move a VM that runs here; {@code spec} is passed on to the target's worker unread. */
    public static MigrationSourceCore start(Attempt attempt, String spec, MigrationLimits limits) {
        return new MigrationSourceCore(attempt.source(), attempt.vm(), attempt, spec, limits, MigrationPhase.OPENING);
    }

    /** Ends whatever attempt a node process that died has left behind on this host. */
    public static MigrationSourceCore recover(String self, String vm, MigrationLimits limits) {
        return new MigrationSourceCore(self, vm, null, "", limits, MigrationPhase.RECOVERING);
    }

    /** The attempt; empty only while a restarted node looks for it. */
    public Optional<Attempt> attempt() {
        return Optional.ofNullable(attempt);
    }

    @Override
    void begin() {
        if (recovering) {
            worker(new Inspect(vm(), ""));
        } else {
            enter(MigrationPhase.OPENING, "");
            readPlacement();
        }
    }

    // ---- the registry answers ----

    @Override
    void onPlacement(Optional<Placement> placement, long revision) {
        switch (phase()) {
            case OPENING -> {
                Placement expected = new Placement(self, attempt.epoch());
                if (placement.isPresent() && placement.get().equals(expected)) {
                    placementRevision = revision;
                    readRecord();
                } else {
                    finish(
                            MigrationPhase.ABORTED,
                            Outcome.ABORTED,
                            "VM " + vm() + " is not placed here at epoch " + attempt.epoch());
                }
            }
            case TAKING_BACK -> {
                if (placement.isPresent() && placement.get().equals(committedPlacement())) {
                    propose(Purpose.TAKE_BACK, MigrationTxns.takeBack(attempt, revision));
                } else {
                    settle(placement);
                }
            }
            case RESUMING -> {
                if (placement.isEmpty() || !placement.get().equals(committedPlacement())) {
                    settle(placement);
                }
            }
            case ABORTING, RECOVERING -> settle(placement);
            default -> {
                // Asked for in a phase that is over.
            }
        }
    }

    @Override
    void onRecord(Optional<MigrationRecord> read, long revision) {
        record = read;
        switch (phase()) {
            case OPENING -> {
                if (openRefused) {
                    afterOpenRefused(revision);
                } else {
                    proposeOpen(revision);
                }
            }
            case COMMITTING -> {
                if (!isOpen(read)) {
                    afterClosed();
                }
            }
            case ABORTING, RECOVERING -> {
                adoptRecord();
                if (attempt == null) {
                    finish(MigrationPhase.ABORTED, Outcome.NOTHING, "no attempt of this host");
                } else if (isOpen(read)) {
                    // A restarted node learns the open record's revision only here.
                    propose(Purpose.ABORT, MigrationTxns.abort(attempt, revision, self));
                } else {
                    afterClosed();
                }
            }
            default -> {
                // Asked for in a phase that is over.
            }
        }
    }

    @Override
    void onTxn(Purpose answered, boolean applied, long revision) {
        switch (answered) {
            case OPEN -> {
                if (applied) {
                    openRevision = revision;
                    opened();
                } else {
                    openRefused = true;
                    readRecord();
                }
            }
            case ABORT -> {
                if (applied && !recovering) {
                    resumeHere(attempt.epoch());
                } else {
                    readRecord();
                }
            }
            case TAKE_BACK -> {
                if (applied) {
                    resumeHere(attempt.epoch() + 2);
                } else {
                    readPlacement();
                }
            }
            default -> throw new IllegalStateException("the source never proposes " + answered);
        }
    }

    private void proposeOpen(long revision) {
        if (record.isEmpty()) {
            propose(Purpose.OPEN, MigrationTxns.open(attempt, placementRevision, OptionalLong.empty()));
            return;
        }
        MigrationRecord previous = record.get();
        // An open record of this host with no core is a late child of a dead node process: it is superseded.
        if (previous.state() == MigrationRecord.State.OPEN
                && !previous.attempt().source().equals(self)) {
            finish(
                    MigrationPhase.ABORTED,
                    Outcome.ABORTED,
                    "VM " + vm() + " is being moved by " + previous.attempt().source());
        } else {
            propose(Purpose.OPEN, MigrationTxns.open(attempt, placementRevision, OptionalLong.of(revision)));
        }
    }

    /** The registry may have forgotten that it applied the transaction at an earlier try. */
    private void afterOpenRefused(long revision) {
        if (isOpen(record)) {
            openRevision = revision;
            opened();
        } else {
            finish(
                    MigrationPhase.ABORTED,
                    Outcome.ABORTED,
                    "VM " + vm() + " was moved, or another migration of it began, meanwhile; try again");
        }
    }

    private void opened() {
        if (!abortReason.isEmpty()) {
            proposeAbort();
            return;
        }
        enter(MigrationPhase.PREPARING, "");
        setTimer(TOTAL_TIMER, limits.totalTimeoutMs());
        setTimer(SILENT_TIMER, limits.peerSilentMs());
        setTimer(BEAT_TIMER, limits.beatMs());
        offer();
    }

    private void offer() {
        tell(attempt.target(), new PeerMessage.Offer(attempt, spec));
        setTimer(OFFER_TIMER, limits.offerResendMs());
    }

    // ---- ways out ----

    private void abort(String reason) {
        if (phase() == MigrationPhase.OPENING && abortReason.isEmpty()) {
            abortReason = reason;
        } else if (mayAbort()) {
            abortReason = reason;
            proposeAbort();
        }
    }

    private void proposeAbort() {
        enter(MigrationPhase.ABORTING, abortReason);
        propose(Purpose.ABORT, MigrationTxns.abort(attempt, openRevision, self));
    }

    // ---- the worker answers ----

    @Override
    void onWorkerDone(WorkerCommand done, WorkerResult result) {
        if (done instanceof Inspect && result instanceof WorkerResult.Report report) {
            inspected(report.report());
        } else if (done instanceof StartSend) {
            worker(new Round(attempt, 1));
        } else if (done instanceof Round && result instanceof WorkerResult.Round round) {
            roundDone(round.stats());
        } else if (done instanceof PauseAndFinal && pausingOrFinal()) {
            enter(MigrationPhase.COMMITTING, "");
            setTimer(FINAL_TIMER, limits.commitTimeoutMs());
            setTimer(POLL_TIMER, limits.pollMs());
        } else if (done instanceof ResumeSource resumed) {
            tell(attempt.target(), new PeerMessage.Aborted(attempt, abortReason));
            boolean takenBack = resumed.epoch() > attempt.epoch();
            finish(
                    MigrationPhase.ABORTED,
                    takenBack ? Outcome.TAKEN_BACK : Outcome.ABORTED,
                    takenBack ? "the target lost the guest before it ran: " + abortReason : abortReason);
        } else if (done instanceof DiscardSource) {
            discarded();
        }
    }

    private void inspected(MachineReport report) {
        switch (report.kind()) {
            case RUNNING, PAUSED -> attempt = report.attempt().orElse(null);
            default -> lostReason = "this host holds no copy of VM " + vm() + " any more";
        }
        abortReason = "the node process was restarted";
        readRecord();
    }

    private void roundDone(RoundStats stats) {
        rounds.add(stats);
        Convergence.Decision decision = convergence.decide(rounds);
        emit(new Effect.RoundReport(stats, decision));
        switch (decision.step()) {
            case CONTINUE -> worker(new Round(attempt, stats.round() + 1));
            case GIVE_UP -> abort(decision.reason());
            case FINAL -> {
                enter(MigrationPhase.PAUSING, decision.reason());
                setTimer(FINAL_TIMER, limits.finalTimeoutMs());
                worker(new PauseAndFinal(attempt));
            }
        }
    }

    @Override
    void onGuestPaused() {
        if (phase() == MigrationPhase.PAUSING) {
            enter(MigrationPhase.FINAL, "");
        }
    }

    private boolean pausingOrFinal() {
        return phase() == MigrationPhase.PAUSING || phase() == MigrationPhase.FINAL;
    }

    @Override
    void onWorkerFailed(WorkerCommand failed, String reason) {
        if (failed instanceof StartSend || failed instanceof Round || failed instanceof PauseAndFinal) {
            abort(reason);
        } else {
            emit(new Effect.Report(phase(), reason));
            retryWorker();
        }
    }

    @Override
    void onWorkerLost(String reason, boolean waiting) {
        lostReason = reason;
        switch (phase()) {
            case RECOVERING -> {
                if (waiting) {
                    readRecord();
                }
            }
            case ABORTING, TAKING_BACK -> {
                if (waiting) {
                    lost();
                }
            }
            case DISCARDING -> discarded();
            default -> abort(reason);
        }
    }

    // ---- the target, the user and the clock ----

    @Override
    void onPeer(PeerMessage message) {
        if (attempt == null || !message.attempt().equals(attempt)) {
            return;
        }
        if (mayAbort()) {
            setTimer(SILENT_TIMER, limits.peerSilentMs());
        }
        if (message instanceof PeerMessage.Accepted accepted) {
            if (phase() == MigrationPhase.PREPARING) {
                enter(MigrationPhase.ROUNDS, "");
                worker(new StartSend(attempt, accepted.session()));
            }
        } else if (message instanceof PeerMessage.Refused refused) {
            abort(attempt.target() + " refused: " + refused.reason());
        } else if (message instanceof PeerMessage.Aborted aborted) {
            abort(attempt.target() + " gave up: " + aborted.reason());
        } else if (message instanceof PeerMessage.Running && committedOrMayBe()) {
            discard(Outcome.MOVED, "");
        } else if (message instanceof PeerMessage.Gone gone && committedOrMayBe()) {
            targetLost(gone);
        }
    }

    @Override
    void onCancel(String reason) {
        abort(reason);
    }

    @Override
    void onTimer(String name) {
        switch (name) {
            case OFFER_TIMER -> {
                if (phase() == MigrationPhase.PREPARING) {
                    offer();
                }
            }
            case BEAT_TIMER -> {
                if (mayAbort()) {
                    tell(attempt.target(), new PeerMessage.Beat(attempt, phase()));
                    setTimer(BEAT_TIMER, limits.beatMs());
                }
            }
            case SILENT_TIMER -> abort(attempt.target() + " was silent for " + limits.peerSilentMs() + " ms");
            case TOTAL_TIMER -> abort("not done within " + limits.totalTimeoutMs() + " ms");
            case FINAL_TIMER -> {
                if (pausingOrFinal()) {
                    abort("the last pages were not sent within " + limits.finalTimeoutMs() + " ms");
                } else if (phase() == MigrationPhase.COMMITTING) {
                    abort("no commit within " + limits.commitTimeoutMs() + " ms of the last page");
                }
            }
            case POLL_TIMER -> {
                if (phase() == MigrationPhase.COMMITTING) {
                    readRecord();
                    setTimer(POLL_TIMER, limits.pollMs());
                }
            }
            case ASK_TIMER -> {
                if (phase() == MigrationPhase.RESUMING) {
                    tell(attempt.target(), new PeerMessage.Ask(attempt));
                    readPlacement();
                    setTimer(ASK_TIMER, limits.askMs());
                }
            }
            default -> throw new IllegalArgumentException("unknown timer " + name);
        }
    }
}
