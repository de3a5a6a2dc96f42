package dev.stardust.migration.core;

import dev.stardust.cluster.registry.Txn;
import java.util.ArrayList;
import java.util.List;

/** Deliberate breaches of the rules, each of which the simulation must notice. */
enum Mutant {
    /** The real thing. */
    NONE,

    /** The source resumes its guest when it proposes the abort, not when it sees it applied. */
    SOURCE_RESUMES_BEFORE_ABORT_IS_SEEN {
        @Override
        List<Effect> effects(MigrationCore core, Event event, List<Effect> effects) {
            return core instanceof MigrationSourceCore source && proposes(effects, "/abort/")
                    ? with(
                            effects,
                            new WorkerCommand.ResumeSource(source.attempt().orElseThrow(), 1))
                    : effects;
        }
    },

    /** The target starts the guest when it proposes the commit. */
    TARGET_RESUMES_BEFORE_COMMIT_IS_SEEN {
        @Override
        List<Effect> effects(MigrationCore core, Event event, List<Effect> effects) {
            return core instanceof MigrationTargetCore target && proposes(effects, "/commit/")
                    ? with(
                            effects,
                            new WorkerCommand.ResumeTarget(
                                    target.attempt(), target.attempt().epoch() + 1))
                    : effects;
        }
    },

    /** The source destroys its copy at the commit, not when the target has started the guest. */
    SOURCE_DISCARDS_AT_COMMIT {
        @Override
        List<Effect> effects(MigrationCore core, Event event, List<Effect> effects) {
            return core instanceof MigrationSourceCore source
                            && core.phase() == MigrationPhase.RESUMING
                            && effects.stream().anyMatch(Effect.Report.class::isInstance)
                    ? with(
                            effects,
                            new WorkerCommand.DiscardSource(source.attempt().orElseThrow()))
                    : effects;
        }
    },

    /** The source takes back when the target is slow to report, without its word. */
    SOURCE_TAKES_BACK_UNCONFIRMED {
        @Override
        Event event(MigrationCore core, Event event) {
            return core instanceof MigrationSourceCore source
                            && core.phase() == MigrationPhase.RESUMING
                            && event instanceof Event.Timer timer
                            && timer.name().equals("ask")
                    ? new Event.Peer(new PeerMessage.Gone(source.attempt().orElseThrow(), false, "a guess"))
                    : event;
        }
    },

    /** The commit does not ask whether the attempt is still open. */
    COMMIT_WITHOUT_CONDITIONS {
        @Override
        Txn txn(Txn txn) {
            return txn.requestId().contains("/commit/") ? new Txn(txn.requestId(), List.of(), txn.then()) : txn;
        }
    },

    /** The abort does not ask whether the attempt is still open. */
    ABORT_WITHOUT_CONDITIONS {
        @Override
        Txn txn(Txn txn) {
            return txn.requestId().contains("/abort/") ? new Txn(txn.requestId(), List.of(), txn.then()) : txn;
        }
    },

    /** The target commits when it is prepared, without the pages. */
    TARGET_COMMITS_UNCOMPLETE {
        @Override
        Event event(MigrationCore core, Event event) {
            return event instanceof Event.WorkerFailed failed
                            && failed.command() instanceof WorkerCommand.ReceiveAndHold
                    ? new Event.WorkerDone(failed.command(), new WorkerResult.Ok())
                    : event;
        }
    },

    /** A proposer takes silence for success. */
    UNKNOWN_TAKEN_FOR_APPLIED {
        @Override
        Event event(MigrationCore core, Event event) {
            return event instanceof Event.TxnUnknown unknown ? new Event.TxnDone(unknown.requestId(), true, 0) : event;
        }
    },

    /** The source does not look whether its abort applied. */
    REFUSED_ABORT_TAKEN_FOR_APPLIED {
        @Override
        Event event(MigrationCore core, Event event) {
            return core instanceof MigrationSourceCore
                            && event instanceof Event.TxnDone done
                            && done.requestId().contains("/abort/")
                    ? new Event.TxnDone(done.requestId(), true, done.revision())
                    : event;
        }
    },

    /** The host does not remember over its death that a guest was started. */
    START_IS_NOT_WRITTEN_DOWN {
        @Override
        boolean forgetsStarts() {
            return true;
        }
    },

    /** After a power cut the host believes that no guest was started whose mark it does not find. */
    MARKS_OF_AN_OLDER_BOOT_ARE_TRUSTED {
        @Override
        boolean trustsOlderBoots() {
            return true;
        }
    },

    /** A restarted target says that it has no copy before it has looked. */
    TARGET_SAYS_GONE_UNSEEN {
        @Override
        List<Effect> effects(MigrationCore core, Event event, List<Effect> effects) {
            if (!(core instanceof MigrationTargetCore target) || core.phase() != MigrationPhase.RECOVERING) {
                return effects;
            }
            List<Effect> more = new ArrayList<>(effects);
            Attempt attempt = target.attempt();
            more.add(new Effect.Tell(attempt.source(), new PeerMessage.Gone(attempt, false, "a guess")));
            return more;
        }
    };

    Event event(MigrationCore core, Event event) {
        return event;
    }

    List<Effect> effects(MigrationCore core, Event event, List<Effect> effects) {
        return effects;
    }

    Txn txn(Txn txn) {
        return txn;
    }

    boolean forgetsStarts() {
        return false;
    }

    boolean trustsOlderBoots() {
        return false;
    }

    private static boolean proposes(List<Effect> effects, String step) {
        return effects.stream()
                .anyMatch(e ->
                        e instanceof Effect.CommitTxn c && c.txn().requestId().contains(step));
    }

    private static List<Effect> with(List<Effect> effects, WorkerCommand command) {
        List<Effect> more = new ArrayList<>(effects);
        more.add(new Effect.Worker(command));
        return more;
    }
}
