package dev.stardust.cluster.registry;

import static dev.stardust.cluster.registry.Eventually.get;
import static dev.stardust.cluster.registry.Eventually.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three registry peers as processes, killed and stopped as machines kill and stop them. */
class RegistryProcessTest {
    @TempDir
    Path dir;

    private final UUID group = UUID.randomUUID();
    private final Map<String, String> addresses = new LinkedHashMap<>();
    private final Map<String, ChildPeer> peers = new LinkedHashMap<>();

    @BeforeEach
    void startThree() throws Exception {
        for (String id : List.of("n1", "n2", "n3")) {
            addresses.put(id, "127.0.0.1:" + TestPeers.freePort());
            start(id);
        }
        for (String id : List.of("n2", "n3")) {
            peers.get(id).started();
            assertEquals("VOTER", get(peers.get("n1").ask("add", id + " " + addresses.get(id))));
            assertEquals("yes", get(peers.get(id).ask("added", "")));
        }
    }

    private void start(String id) throws Exception {
        String mode = id.equals("n1") ? "first" : "joining";
        peers.put(id, new ChildPeer(id, addresses.get(id), group, dir.resolve(id), mode, 150));
        if (id.equals("n1")) {
            peers.get(id).started();
        }
    }

    @AfterEach
    void killAll() {
        for (ChildPeer peer : peers.values()) {
            peer.close();
        }
    }

    private String leader(List<String> among) throws Exception {
        String[] found = new String[1];
        until("a leader among " + among, () -> {
            for (String id : among) {
                if (!get(peers.get(id).ask("term", "")).equals("none")) {
                    found[0] = id;
                    return true;
                }
            }
            return false;
        });
        return found[0];
    }

    private List<String> others(String id) {
        return peers.keySet().stream().filter(other -> !other.equals(id)).toList();
    }

    /** Every request goes in twice, at two peers, so one that is lost with a peer is also a retry. */
    private List<CompletableFuture<String>> putTwice(int from, int until, List<String> at) {
        List<CompletableFuture<String>> answers = new ArrayList<>();
        for (int i = from; i < until; i++) {
            String put = "request-" + i + " k" + i + " value-" + i;
            for (String id : at) {
                answers.add(peers.get(id).ask("put", put));
            }
        }
        return answers;
    }

    private void assertHolds(String id, int keys) throws Exception {
        String[] found = get(peers.get(id).ask("read", "k")).split(",");
        assertEquals(keys, found.length, "at " + id);
    }

    @Test
    void killedPeersLoseNothingAcknowledgedAndRetriesApplyOnce() throws Exception {
        String leader = leader(List.copyOf(peers.keySet()));
        long term = Long.parseLong(get(peers.get(leader).ask("term", "")));
        List<String> survivors = others(leader);
        for (CompletableFuture<String> answer : putTwice(0, 60, survivors)) {
            get(answer);
        }
        List<CompletableFuture<String>> lost = putTwice(60, 200, List.of(leader));
        List<CompletableFuture<String>> answers = putTwice(60, 200, survivors.subList(0, 1));
        peers.get(leader).close();
        for (CompletableFuture<String> answer : answers) {
            assertTrue(get(answer).startsWith("true "), "known in the end");
        }
        until("the killed one's answers are settled", () -> lost.stream().allMatch(CompletableFuture::isDone));
        String next = leader(survivors);
        assertHolds(next, 200);
        assertEquals("false", get(peers.get(survivors.get(0)).ask("in-term", term + " late")), "of the dead leader");

        start(leader);
        peers.get(leader).started();
        assertHolds(leader, 200);
        assertEquals("true 201", get(peers.get(leader).ask("put", "request-200 k200 x")), "each applied once");

        for (int round = 0; round < 2; round++) {
            String follower = others(leader(List.copyOf(peers.keySet()))).get(0);
            peers.get(follower).close();
            int base = 201 + round * 20;
            for (CompletableFuture<String> answer : putTwice(base, base + 20, others(follower))) {
                get(answer);
            }
            start(follower);
            peers.get(follower).started();
            assertHolds(follower, base + 20);
        }

        for (ChildPeer peer : peers.values()) {
            peer.close();
        }
        for (String id : addresses.keySet()) {
            start(id);
        }
        for (String id : addresses.keySet()) {
            peers.get(id).started();
            assertHolds(id, 241);
        }
    }

    @Test
    void aStoppedLeaderIsReplacedAndComesBackAsAFollower() throws Exception {
        String leader = leader(List.copyOf(peers.keySet()));
        long term = Long.parseLong(get(peers.get(leader).ask("term", "")));
        peers.get(leader).signal("STOP");
        String next = leader(others(leader));
        assertTrue(Long.parseLong(get(peers.get(next).ask("term", ""))) > term);
        assertTrue(get(peers.get(next).ask("put", "while-stopped k0 x")).startsWith("true "));
        peers.get(leader).signal("CONT");
        assertEquals("false", get(peers.get(leader).ask("in-term", term + " late")));
        assertHolds(leader, 1);
        assertTrue(get(peers.get(leader).ask("put", "after k1 x")).startsWith("true "));
    }
}
