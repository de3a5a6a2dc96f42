package dev.stardust.cluster.registry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Registry peers in this process, each with its own port and folder. */
final class TestPeers implements AutoCloseable {
    final UUID group = UUID.randomUUID();
    final Map<String, RaftRegistry> running = new LinkedHashMap<>();
    private final Map<String, String> addresses = new LinkedHashMap<>();
    private final Path dir;
    private final long snapshotThreshold;
    private final long deadlineMs;

    TestPeers(Path dir, long snapshotThreshold, long deadlineMs) {
        this.deadlineMs = deadlineMs;
        this.dir = dir;
        this.snapshotThreshold = snapshotThreshold;
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    Path folder(String id) {
        return dir.resolve(id);
    }

    String address(String id) throws IOException {
        String known = addresses.get(id);
        if (known == null) {
            known = "127.0.0.1:" + freePort();
            addresses.put(id, known);
        }
        return known;
    }

    private RaftSettings tuned(RaftSettings settings) {
        return settings.withTimes(deadlineMs, 500).withSnapshotThreshold(snapshotThreshold);
    }

    RaftSettings first(String id) throws IOException {
        return tuned(RaftSettings.first(id, address(id), group, folder(id)));
    }

    RaftSettings joining(String id) throws IOException {
        return tuned(RaftSettings.joining(id, address(id), group, folder(id)));
    }

    RaftRegistry start(RaftSettings settings) throws IOException {
        RaftRegistry registry = RaftRegistry.start(settings);
        running.put(settings.peerId(), registry);
        return registry;
    }

    void stop(String id) {
        running.remove(id).close();
    }

    /** n1 makes the cluster, the others join one after the other. */
    List<RaftRegistry> cluster(int size) throws Exception {
        List<RaftRegistry> all = new ArrayList<>();
        all.add(start(first("n1")));
        for (int i = 2; i <= size; i++) {
            all.add(start(joining("n" + i)));
            Eventually.get(all.get(0).addPeer("n" + i, address("n" + i)));
        }
        return all;
    }

    /** The running peer that leads, ready to decide. */
    String leader() throws Exception {
        String[] leader = new String[1];
        Eventually.until("a leader is ready", () -> {
            leader[0] = running.entrySet().stream()
                    .filter(e -> e.getValue().leaderTerm().isPresent())
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(null);
            return leader[0] != null;
        });
        return leader[0];
    }

    static Txn put(String key, String value) {
        return new Txn(UUID.randomUUID().toString(), List.of(), List.of(new Op.Put(key, value)));
    }

    @Override
    public void close() {
        running.values().forEach(RaftRegistry::close);
    }
}
