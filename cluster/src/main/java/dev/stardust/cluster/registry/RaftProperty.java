package dev.stardust.cluster.registry;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/** Ratis's properties, where its defaults do not suit a small always-right registry on busy machines. */
final class RaftProperty {
    /** One attempt of a request; the registry itself retries up to its deadline. */
    static final long ATTEMPT_MS = 5_000;

    private RaftProperty() {}

    static RaftProperties of(RaftSettings settings) {
        RaftProperties p = new RaftProperties();
        GrpcConfigKeys.Server.setHost(p, settings.host());
        GrpcConfigKeys.Server.setPort(p, settings.port());
        RaftServerConfigKeys.setStorageDir(p, List.of(settings.storageDir().toFile()));
        reads(p);
        elections(p, settings.electionTimeoutMs());
        log(p, settings.snapshotThreshold());
        snapshots(p, settings.snapshotThreshold());
        RaftClientConfigKeys.Rpc.setRequestTimeout(p, ms(ATTEMPT_MS));
        return p;
    }

    private static void reads(RaftProperties p) {
        RaftServerConfigKeys.Read.setOption(p, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
        // A leader lease trusts clocks; a paused machine's clock is not to be trusted.
        RaftServerConfigKeys.Read.setLeaderLeaseEnabled(p, false);
        RaftServerConfigKeys.Read.setTimeout(p, ms(ATTEMPT_MS));
    }

    private static void elections(RaftProperties p, long timeoutMs) {
        RaftServerConfigKeys.Rpc.setTimeoutMin(p, ms(timeoutMs));
        RaftServerConfigKeys.Rpc.setTimeoutMax(p, ms(2 * timeoutMs));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(p, ms(timeoutMs));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(p, ms(2 * timeoutMs));
        RaftServerConfigKeys.LeaderElection.setPreVote(p, true);
        // By default a pause of a minute closes the server for good while the process stays up.
        RaftServerConfigKeys.setCloseThreshold(p, TimeDuration.valueOf(1, TimeUnit.DAYS));
    }

    private static void log(RaftProperties p, long snapshotThreshold) {
        RaftServerConfigKeys.Log.setSegmentSizeMax(p, SizeInBytes.valueOf("2MB"));
        RaftServerConfigKeys.Log.setPreallocatedSize(p, SizeInBytes.valueOf("64KB"));
        // Both must hold the largest transaction and its envelope, and the first be larger than the second.
        RaftServerConfigKeys.Log.setWriteBufferSize(p, SizeInBytes.valueOf("2MB"));
        RaftServerConfigKeys.Log.Appender.setBufferByteLimit(p, SizeInBytes.valueOf("1536KB"));
        RaftServerConfigKeys.Log.setSegmentCacheNumMax(p, 2);
        RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(p, true);
        RaftServerConfigKeys.Log.setPurgeGap(p, 1);
        // A peer that was away for a moment is served from the log, not with a whole snapshot.
        RaftServerConfigKeys.Log.setPurgePreservationLogNum(p, snapshotThreshold / 4);
    }

    private static void snapshots(RaftProperties p, long threshold) {
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(p, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(p, threshold);
        RaftServerConfigKeys.Snapshot.setRetentionFileNum(p, 2);
        // Snapshots are written beside the log's progress; a stop does not wait for one, a start replays instead.
        RaftServerConfigKeys.Snapshot.setTriggerWhenStopEnabled(p, false);
        RaftServerConfigKeys.Snapshot.setTriggerWhenRemoveEnabled(p, false);
    }

    private static TimeDuration ms(long n) {
        return TimeDuration.valueOf(n, TimeUnit.MILLISECONDS);
    }
}
