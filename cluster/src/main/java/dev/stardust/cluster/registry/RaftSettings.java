package dev.stardust.cluster.registry;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/**
 * How a node takes part in the registry.
 *
 * @param peerId this peer, unique for ever in the cluster: a replacement for a lost folder takes a new one
 * @param address {@code host:port} that other peers reach this one at and that it listens on
 * @param groupId the cluster's UUID
 * @param storageDir folder for log, snapshots and identity, owned by the registry alone
 * @param initialPeers this peer alone for the first node of a new cluster, empty for a node that is added to a cluster
 * @param expectExisting this peer has taken part before: a missing or wiped folder is refused
 * @param maxVoters how many peers vote; those added later only listen
 * @param deadlineMs how long a commit or read is retried before its outcome is given up as unknown
 * @param electionTimeoutMs shortest election timeout; the longest is twice that
 * @param snapshotThreshold log entries between snapshots
 */
public record RaftSettings(
        String peerId,
        String address,
        UUID groupId,
        Path storageDir,
        List<Peer> initialPeers,
        boolean expectExisting,
        int maxVoters,
        long deadlineMs,
        long electionTimeoutMs,
        long snapshotThreshold) {
    /** A peer and the {@code host:port} of its Raft server. */
    public record Peer(String id, String address) {
        public Peer {
            requireAddress(address);
        }
    }

    public RaftSettings {
        Objects.requireNonNull(groupId, "groupId");
        Objects.requireNonNull(storageDir, "storageDir");
        requireAddress(address);
        initialPeers = List.copyOf(initialPeers);
        if (peerId.isEmpty()) {
            throw new IllegalArgumentException("a registry peer needs an id");
        }
        if (maxVoters < 1 || maxVoters % 2 == 0) {
            throw new IllegalArgumentException("voters must be 1, 3 or 5, not " + maxVoters);
        }
        if (deadlineMs <= 0 || electionTimeoutMs <= 0 || snapshotThreshold <= 0) {
            throw new IllegalArgumentException("timeouts and thresholds of the registry must be positive");
        }
    }

    /** The first node of a new cluster: the only voter until others are added. */
    public static RaftSettings first(String peerId, String address, UUID groupId, Path storageDir) {
        return of(peerId, address, groupId, storageDir, List.of(new Peer(peerId, address)));
    }

    /** A node that waits until a member adds it by {@link RaftRegistry#addPeer}. */
    public static RaftSettings joining(String peerId, String address, UUID groupId, Path storageDir) {
        return of(peerId, address, groupId, storageDir, List.of());
    }

    private static RaftSettings of(
            String peerId, String address, UUID groupId, Path storageDir, List<Peer> initialPeers) {
        return new RaftSettings(peerId, address, groupId, storageDir, initialPeers, false, 3, 20_000, 1_000, 20_000);
    }

    /** The same for a peer that has taken part before. */
    public RaftSettings existing() {
        return new RaftSettings(
                peerId,
                address,
                groupId,
                storageDir,
                initialPeers,
                true,
                maxVoters,
                deadlineMs,
                electionTimeoutMs,
                snapshotThreshold);
    }

    public RaftSettings withMaxVoters(int voters) {
        return new RaftSettings(
                peerId,
                address,
                groupId,
                storageDir,
                initialPeers,
                expectExisting,
                voters,
                deadlineMs,
                electionTimeoutMs,
                snapshotThreshold);
    }

    public RaftSettings withTimes(long newDeadlineMs, long newElectionTimeoutMs) {
        return new RaftSettings(
                peerId,
                address,
                groupId,
                storageDir,
                initialPeers,
                expectExisting,
                maxVoters,
                newDeadlineMs,
                newElectionTimeoutMs,
                snapshotThreshold);
    }

    public RaftSettings withSnapshotThreshold(long entries) {
        return new RaftSettings(
                peerId,
                address,
                groupId,
                storageDir,
                initialPeers,
                expectExisting,
                maxVoters,
                deadlineMs,
                electionTimeoutMs,
                entries);
    }

    String host() {
        return address.substring(0, address.lastIndexOf(':'));
    }

    int port() {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private static void requireAddress(String address) {
        if (!address.matches(".+:\\d{1,5}")) {
            throw new IllegalArgumentException("not host:port: " + address);
        }
    }
}
