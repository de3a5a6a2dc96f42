package dev.stardust.migration.core;

import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.vm.actor.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What both sides share: one transaction and one read under way at most, each repeated until it is answered, and one
 * worker command whose answer counts.
 *
 * <p>A core is a plain state machine: {@link #on} takes an event and returns what is to be done. It is not thread-safe
 * and knows no clock.
 */
public abstract sealed class MigrationCore permits SourceEnding, MigrationTargetCore {
    static final String BEAT_TIMER = "beat";
    static final String SILENT_TIMER = "silent";
    private static final String TXN_TIMER = "txn";
    private static final String READ_TIMER = "read";
    private static final String WORKER_TIMER = "worker";

    /** What the transaction under way is for. */
    enum Purpose {
        OPEN,
        COMMIT,
        ABORT,
        TAKE_BACK
    }

    final MigrationLimits limits;
    private final List<Effect> effects = new ArrayList<>();
    private MigrationPhase phase;
    private boolean finished;

    private Txn txn;
    private Purpose purpose;
    private long readId;
    private String readKey;
    private WorkerCommand command;

    MigrationCore(MigrationLimits limits, MigrationPhase phase) {
        this.limits = limits;
        this.phase = phase;
    }

    /** Where the migration is. */
    public final MigrationPhase phase() {
        return phase;
    }

    /** Takes one event in and tells what is to be done, in order. A finished core answers nothing. */
    public final List<Effect> on(Event event) {
        if (!finished) {
            handle(event);
        }
        List<Effect> result = List.copyOf(effects);
        effects.clear();
        return result;
    }

    private void handle(Event event) {
        if (event instanceof Event.Start) {
            begin();
        } else if (event instanceof Event.TxnDone e) {
            if (txn != null && txn.requestId().equals(e.requestId())) {
                Purpose answered = purpose;
                dropTxn();
                onTxn(answered, e.applied(), e.revision());
            }
        } else if (event instanceof Event.TxnUnknown e) {
            if (txn != null && txn.requestId().equals(e.requestId())) {
                setTimer(TXN_TIMER, limits.retryMs());
            }
        } else if (event instanceof Event.RegistryRead e) {
            if (readKey != null && e.readId() == readId) {
                takeRead(e.entry());
            }
        } else if (event instanceof Event.RegistryReadFailed e) {
            if (readKey != null && e.readId() == readId) {
                setTimer(READ_TIMER, limits.retryMs());
            }
        } else if (event instanceof Event.WorkerDone e) {
            if (e.command().equals(command)) {
                command = null;
                onWorkerDone(e.command(), e.result());
            }
        } else if (event instanceof Event.WorkerFailed e) {
            if (e.command().equals(command)) {
                onWorkerFailed(e.command(), e.reason());
            }
        } else if (event instanceof Event.GuestPaused) {
            onGuestPaused();
        } else if (event instanceof Event.WorkerLost e) {
            boolean waiting = command != null;
            command = null;
            onWorkerLost(e.reason(), waiting);
        } else if (event instanceof Event.Peer e) {
            onPeer(e.message());
        } else if (event instanceof Event.Cancel e) {
            onCancel(e.reason());
        } else if (event instanceof Event.Timer e) {
            takeTimer(e.name());
        }
    }

    private void takeTimer(String name) {
        switch (name) {
            case TXN_TIMER -> {
                if (txn != null) {
                    emit(new Effect.CommitTxn(txn));
                    setTimer(TXN_TIMER, limits.commitTimeoutMs());
                }
            }
            case READ_TIMER -> {
                if (readKey != null) {
                    emit(new Effect.ReadRegistry(readId, readKey));
                    setTimer(READ_TIMER, limits.commitTimeoutMs());
                }
            }
            case WORKER_TIMER -> {
                if (command != null) {
                    emit(new Effect.Worker(command));
                }
            }
            default -> onTimer(name);
        }
    }

    private void takeRead(Optional<Entry> entry) {
        String key = readKey;
        try {
            if (key.equals(MigrationRecord.key(vm()))) {
                Optional<MigrationRecord> record = entry.map(e -> MigrationRecord.parse(vm(), e.value()));
                readKey = null;
                onRecord(record, entry.map(Entry::modRevision).orElse(0L));
            } else {
                Optional<Placement> placement = entry.map(e -> Placement.parse(vm(), e.value()));
                readKey = null;
                onPlacement(placement, entry.map(Entry::modRevision).orElse(0L));
            }
        } catch (IllegalArgumentException e) {
            // Nothing may be decided on a record nobody can read: look again until it has been mended.
            emit(new Effect.Report(phase, e.getMessage()));
            setTimer(READ_TIMER, limits.retryMs());
        }
    }

    abstract String vm();

    abstract void begin();

    abstract void onTxn(Purpose answered, boolean applied, long revision);

    abstract void onRecord(Optional<MigrationRecord> record, long revision);

    abstract void onPlacement(Optional<Placement> placement, long revision);

    abstract void onWorkerDone(WorkerCommand done, WorkerResult result);

    abstract void onWorkerFailed(WorkerCommand failed, String reason);

    abstract void onGuestPaused();

    /** {@code waiting}: a command was under way, whose answer will not come. */
    abstract void onWorkerLost(String reason, boolean waiting);

    abstract void onPeer(PeerMessage message);

    abstract void onCancel(String reason);

    abstract void onTimer(String name);

    final void enter(MigrationPhase next, String detail) {
        phase = next;
        emit(new Effect.Report(next, detail));
    }

    /** Proposes a transaction, now and again until it is answered. What was being read is of no interest any more. */
    final void propose(Purpose why, Txn what) {
        readKey = null;
        txn = what;
        purpose = why;
        emit(new Effect.CommitTxn(what));
        setTimer(TXN_TIMER, limits.commitTimeoutMs());
    }

    final boolean proposing() {
        return txn != null;
    }

    final void dropTxn() {
        txn = null;
        purpose = null;
    }

    /** Reads {@code migrations/VM}. Answers to reads asked for earlier are ignored: they may be older than this wish. */
    final void readRecord() {
        read(MigrationRecord.key(vm()));
    }

    /** Reads {@code placements/VM}, likewise. */
    final void readPlacement() {
        read(Placement.key(vm()));
    }

    private void read(String key) {
        readId++;
        readKey = key;
        emit(new Effect.ReadRegistry(readId, key));
        setTimer(READ_TIMER, limits.commitTimeoutMs());
    }

    /** Asks the worker; an answer to an earlier command does not count any more. */
    final void worker(WorkerCommand next) {
        command = next;
        emit(new Effect.Worker(next));
    }

    /** Asks the worker the failed command again in a while. */
    final void retryWorker() {
        setTimer(WORKER_TIMER, limits.retryMs());
    }

    final void tell(String host, PeerMessage message) {
        emit(new Effect.Tell(host, message));
    }

    final void setTimer(String name, long delayMs) {
        emit(new Effect.SetTimer(name, delayMs));
    }

    final void emit(Effect effect) {
        effects.add(effect);
    }

    final void finish(MigrationPhase last, Effect.Outcome outcome, String reason) {
        enter(last, reason);
        emit(new Effect.Finished(outcome, reason));
        finished = true;
    }
}
