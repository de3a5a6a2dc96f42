package dev.stardust.cluster.registry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;

/** Ratis's side of the registry: turns log entries into {@link RegistryState#apply} and snapshots into files. */
final class RegistryStateMachine extends BaseStateMachine {
    private final SnapshotFiles snapshots = new SnapshotFiles();
    private final LocalView view;
    private volatile RegistryState state = RegistryState.EMPTY;

    RegistryStateMachine(LocalView view) {
        this.view = view;
    }

    @Override
    public void initialize(RaftServer server, RaftGroupId id, RaftStorage raftStorage) throws IOException {
        super.initialize(server, id, raftStorage);
        getLifeCycle()
                .startAndTransition(
                        () -> {
                            snapshots.storage().init(raftStorage);
                            load();
                        },
                        IOException.class);
    }

    /** Ratis pauses before it installs a snapshot; without this transition the server closes itself instead. */
    @Override
    public void pause() {
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        getLifeCycle().transition(LifeCycle.State.PAUSED);
    }

    @Override
    public void reinitialize() throws IOException {
        load();
        if (getLifeCycleState() == LifeCycle.State.PAUSED) {
            getLifeCycle().transition(LifeCycle.State.STARTING);
            getLifeCycle().transition(LifeCycle.State.RUNNING);
        }
    }

    private void load() throws IOException {
        SnapshotFiles.Loaded loaded = snapshots.loadLatest();
        if (loaded != null) {
            state = loaded.state();
            setLastAppliedTermIndex(loaded.upTo());
            view.installed(state);
        }
    }

    /** Refuses on the leader what could not be applied, before it is in the log for ever. */
    @Override
    public TransactionContext startTransaction(RaftClientRequest request) throws IOException {
        TransactionContext context = super.startTransaction(request);
        try {
            TxnCodec.decode(request.getMessage().getContent().toByteArray());
        } catch (IOException e) {
            context.setException(e);
        }
        return context;
    }

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext context) {
        LogEntryProto entry = context.getLogEntry();
        Txn txn;
        try {
            txn = TxnCodec.decode(entry.getStateMachineLogEntry().getLogData().toByteArray());
        } catch (IOException e) {
            // Going on would make this peer's state differ from the others': Ratis closes the server on this.
            throw new IllegalStateException("cannot apply log entry " + entry.getIndex() + ": " + e.getMessage(), e);
        }
        RegistryState.Applied applied = state.apply(entry.getTerm(), entry.getIndex(), txn);
        state = applied.state();
        updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
        view.applied(applied.state(), applied.events());
        return CompletableFuture.completedFuture(message(TxnCodec.encode(applied.result())));
    }

    /**
     * Answers the index of the last transaction applied here: who has applied as much reads what the leader would answer.
     * Ratis's own last index would not do: it counts bookkeeping entries that followers learn of a heartbeat later.
     */
    @Override
    public CompletableFuture<Message> query(Message request) {
        return CompletableFuture.completedFuture(
                message(ByteBuffer.allocate(Long.BYTES).putLong(state.index()).array()));
    }

    /**
     * Starts writing a snapshot, or tells of one that has been written since; the log goes on meanwhile. Ratis asks
     * again with each entry until an index is given, and only then drops the log up to it.
     */
    @Override
    public long takeSnapshot() throws IOException {
        TermIndex last = getLastAppliedTermIndex();
        return last.getIndex() < 0 ? RaftLog.INVALID_LOG_INDEX : snapshots.writeOrTell(state, last);
    }

    @Override
    public StateMachineStorage getStateMachineStorage() {
        return snapshots.storage();
    }

    @Override
    public void close() {
        snapshots.close();
    }

    private static Message message(byte[] bytes) {
        ByteString content = UnsafeByteOperations.unsafeWrap(bytes);
        return Message.valueOf(content);
    }
}
