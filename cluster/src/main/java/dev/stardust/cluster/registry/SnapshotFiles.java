package dev.stardust.cluster.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;

/** The snapshot files of one peer, written on a thread of their own. */
final class SnapshotFiles {
    /** A snapshot and the last log entry that it covers. */
    record Loaded(RegistryState state, TermIndex upTo) {}

    private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(r -> {
        Thread t = new Thread(r, "registry-snapshot");
        t.setDaemon(true);
        return t;
    });
    private Future<Long> writing;
    private long newest = RaftLog.INVALID_LOG_INDEX;

    SimpleStateMachineStorage storage() {
        return storage;
    }

    /** Null when there is none; throws when the newest cannot be read, since the log before it is gone. */
    Loaded loadLatest() throws IOException {
        SingleFileSnapshotInfo info = storage.loadLatestSnapshot();
        if (info == null) {
            return null;
        }
        newest = Math.max(newest, info.getIndex());
        return new Loaded(RegistrySnapshot.read(info.getFile().getPath()), info.getTermIndex());
    }

    /** The index of a snapshot that was completed since the last call, else {@link RaftLog#INVALID_LOG_INDEX}. */
    long writeOrTell(RegistryState state, TermIndex upTo) throws IOException {
        if (writing == null) {
            writing = thread.submit(() -> write(state, upTo));
            return RaftLog.INVALID_LOG_INDEX;
        }
        if (!writing.isDone()) {
            return RaftLog.INVALID_LOG_INDEX;
        }
        Future<Long> done = writing;
        writing = null;
        try {
            long index = done.get();
            if (index <= newest) {
                return RaftLog.INVALID_LOG_INDEX; // a newer one came from the leader meanwhile
            }
            newest = index;
            return index;
        } catch (ExecutionException e) {
            throw new IOException("a registry snapshot could not be written: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private long write(RegistryState state, TermIndex upTo) throws IOException {
        Path file = storage.getSnapshotFile(upTo.getTerm(), upTo.getIndex()).toPath();
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        RegistrySnapshot.write(state, temporary);
        MD5Hash md5 = MD5FileUtil.computeMd5ForFile(temporary.toFile());
        // Ratis needs the digest beside the file when it sends it: it must be there when the file appears.
        MD5FileUtil.saveMD5File(file.toFile(), md5);
        DurableFiles.publish(temporary, file);
        storage.updateLatestSnapshot(new SingleFileSnapshotInfo(new FileInfo(file, md5), upTo));
        return upTo.getIndex();
    }

    void close() {
        thread.shutdown();
    }
}
