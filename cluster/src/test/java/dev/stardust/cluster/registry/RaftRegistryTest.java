package dev.stardust.cluster.registry;

import static dev.stardust.cluster.registry.Eventually.get;
import static dev.stardust.cluster.registry.Eventually.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RaftRegistryTest {
    @TempDir
    Path dir;

    private TestPeers peers;

    @BeforeEach
    void prepare() {
        peers = new TestPeers(dir, 1_000, 20_000);
    }

    @AfterEach
    void stop() {
        peers.close();
    }

    private static List<String> values(List<Entry> entries) {
        return entries.stream().map(Entry::value).toList();
    }

    @Test
    void aSingleVoterCommitsReadsWatchesAndComesBack() throws Exception {
        RaftRegistry one = peers.start(peers.first("n1"));
        List<WatchEvent> seen = Collections.synchronizedList(new ArrayList<>());
        Registry.Watch watch = one.watch("a/", seen::add);
        Txn create = new Txn(
                "request-1",
                List.of(new Compare.Absent("a/k")),
                List.of(new Op.LeaseRenew("l", 1000), new Op.Put("a/k", "1", "l"), new Op.Put("b", "2")));
        TxnResult result = get(one.commit(create));
        assertEquals(new TxnResult(true, 1, result.term()), result);
        assertEquals(result, get(one.commit(create)), "a retry answers the same");
        assertEquals(List.of("1"), values(get(one.read("a/"))));
        assertEquals(List.of(new Registry.LeaseView("l", 1000, 1)), get(one.leases()));
        assertEquals(1, one.localGet("b").orElseThrow().modRevision());
        assertEquals("n1", one.leader().orElseThrow());
        get(one.commit(new Txn("request-2", List.of(), List.of(new Op.LeaseEnd("l", "gone")))));
        until("three events", () -> seen.size() == 3);
        assertEquals(
                List.of(
                        new WatchEvent.Written(new Entry("a/k", "1", 1, 1, "l"), 1),
                        new WatchEvent.Deleted("a/k", 2),
                        new WatchEvent.LeaseEnded("l", "gone", 2)),
                seen);
        watch.close();
        get(one.commit(TestPeers.put("a/later", "")));
        assertEquals(3, seen.size());

        peers.stop("n1");
        RaftRegistry again = peers.start(peers.first("n1").existing());
        assertEquals(List.of("", "2"), values(get(again.read(""))));
        assertEquals(result, get(again.commit(create)), "a retry after a restart answers the same");
    }

    @Test
    void whatALeaderDecidedInAnOldTermDoesNotApply() throws Exception {
        RaftRegistry one = peers.start(peers.first("n1"));
        peers.leader();
        long term = one.leaderTerm().orElseThrow();
        assertTrue(get(one.commit(inTerm(term))).applied());
        peers.stop("n1");
        RaftRegistry again = peers.start(peers.first("n1").existing());
        peers.leader();
        assertTrue(again.leaderTerm().orElseThrow() > term);
        assertFalse(get(again.commit(inTerm(term))).applied());
    }

    private static Txn inTerm(long term) {
        return new Txn(
                "decided-" + System.nanoTime(), List.of(new Compare.InTerm(term)), List.of(new Op.Put("decided", "")));
    }

    @Test
    void aClusterGrowsOneByOneAndLaterPeersListen() throws Exception {
        List<RaftRegistry> all = peers.cluster(1);
        RaftRegistry one = all.get(0);
        get(one.commit(TestPeers.put("before", "x")));
        RaftRegistry two = peers.start(peers.joining("n2"));
        RaftRegistry three = peers.start(peers.joining("n3"));
        // Asked for at once: 1 -> 3 in one change would be refused by Raft, so they must follow one another.
        CompletionStage<RaftRegistry.Role> secondAdded = one.addPeer("n2", peers.address("n2"));
        CompletionStage<RaftRegistry.Role> thirdAdded = one.addPeer("n3", peers.address("n3"));
        assertEquals(RaftRegistry.Role.VOTER, get(secondAdded));
        assertEquals(RaftRegistry.Role.VOTER, get(thirdAdded));
        assertEquals(RaftRegistry.Role.VOTER, get(one.addPeer("n3", peers.address("n3"))), "repeated");
        assertEquals(List.of("n1", "n2", "n3"), one.voters());

        RaftRegistry four = peers.start(peers.joining("n4"));
        assertEquals(RaftRegistry.Role.LISTENER, get(two.addPeer("n4", peers.address("n4"))), "asked of a follower");
        assertTrue(get(four.commit(TestPeers.put("from-listener", "y"))).applied());
        for (RaftRegistry each : List.of(one, two, three, four)) {
            assertEquals(List.of("x", "y"), values(get(each.read(""))));
        }
        assertEquals(List.of("n1", "n2", "n3"), one.voters());

        get(one.removePeer("n3"));
        until("n3 votes no more", () -> one.voters().equals(List.of("n1", "n2")));
        assertTrue(get(one.commit(TestPeers.put("after", "z"))).applied());
    }

    @Test
    void whatOneNodeCommittedTheOthersRead() throws Exception {
        List<RaftRegistry> all = peers.cluster(3);
        for (int i = 0; i < 30; i++) {
            get(all.get(i % 3).commit(TestPeers.put("k", "v" + i)));
            assertEquals(List.of("v" + i), values(get(all.get((i + 1) % 3).read("k"))));
            assertEquals(List.of("v" + i), values(get(all.get((i + 2) % 3).read("k"))));
        }
    }

    @Test
    void aNewLeaderTakesOverWithEverythingAcknowledged() throws Exception {
        peers.cluster(3);
        for (int round = 0; round < 2; round++) {
            String leader = peers.leader();
            long term = peers.running.get(leader).leaderTerm().orElseThrow();
            RaftRegistry other = peers.running.entrySet().stream()
                    .filter(e -> !e.getKey().equals(leader))
                    .findFirst()
                    .orElseThrow()
                    .getValue();
            int base = round * 1000;
            List<CompletionStage<TxnResult>> writes = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                writes.add(other.commit(TestPeers.put("k" + (base + i), "")));
                if (i == 20) {
                    peers.stop(leader);
                }
            }
            for (CompletionStage<TxnResult> write : writes) {
                assertTrue(get(write).applied(), "retried until known");
            }
            assertEquals(40 * (round + 1), get(other.read("k")).size());
            String next = peers.leader();
            assertTrue(peers.running.get(next).leaderTerm().orElseThrow() > term);
            assertFalse(get(other.commit(inTerm(term))).applied());
            peers.start(peers.joining(leader).existing().withSnapshotThreshold(1_000));
            RaftRegistry back = peers.running.get(leader);
            assertEquals(40 * (round + 1), get(back.read("k")).size());
        }
    }

    @Test
    void aPeerFarBehindGetsASnapshotAndGoesOn() throws Exception {
        peers = new TestPeers(dir.resolve("small"), 60, 20_000);
        List<RaftRegistry> all = peers.cluster(3);
        RaftRegistry one = all.get(0);
        get(one.commit(TestPeers.put("k0", "x")));
        assertEquals(1, get(all.get(2).read("k")).size());
        long behind = all.get(2).host().division().orElseThrow().getInfo().getLastAppliedIndex();
        peers.stop("n3");
        String large = "x".repeat(60_000);
        List<CompletionStage<TxnResult>> writes = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            writes.add(one.commit(TestPeers.put("k" + i % 10, large)));
        }
        for (CompletionStage<TxnResult> write : writes) {
            get(write);
        }
        get(one.commit(TestPeers.put("k0", "last")));

        // Alone it has no leader, so nothing comes before it is watched; the others must have cut their logs by then.
        for (String id : List.of("n1", "n2")) {
            until(id + " cut its log", () -> logStart(id) > behind);
            peers.stop(id);
        }
        RaftRegistry three = peers.start(peers.joining("n3").existing());
        List<WatchEvent> seen = Collections.synchronizedList(new ArrayList<>());
        three.watch("k", seen::add);
        one = peers.start(peers.first("n1").existing());
        peers.start(peers.joining("n2").existing());
        assertEquals("last", get(three.read("k0")).get(0).value());
        until("a resync instead of 150 events", () -> seen.stream().anyMatch(e -> e instanceof WatchEvent.Resync));
        assertTrue(seen.size() < 150, "got " + seen.size());
        get(one.commit(TestPeers.put("k0", "after")));
        assertEquals("after", get(three.read("k0")).get(0).value());

        peers.stop("n3");
        RaftRegistry again = peers.start(peers.joining("n3").existing());
        assertEquals("after", get(again.read("k0")).get(0).value());
        RaftRegistry four = peers.start(peers.joining("n4"));
        assertEquals(RaftRegistry.Role.LISTENER, get(one.addPeer("n4", peers.address("n4"))));
        assertEquals("after", get(four.read("k0")).get(0).value());
    }

    private long logStart(String id) {
        return peers.running
                .get(id)
                .host()
                .division()
                .orElseThrow()
                .getRaftLog()
                .getStartIndex();
    }

    @Test
    void aServerThatClosedItselfIsStartedAgain() throws Exception {
        List<RaftRegistry> all = peers.cluster(1);
        RaftRegistry one = all.get(0);
        List<WatchEvent> seen = Collections.synchronizedList(new ArrayList<>());
        one.watch("", seen::add);
        get(one.commit(TestPeers.put("k", "1")));
        one.host().server().close(); // what Ratis does after a pause longer than its threshold
        assertTrue(get(one.commit(TestPeers.put("k", "2"))).applied());
        one.host().division().orElseThrow().close(); // what it does after a failure of the log or the state machine
        assertTrue(get(one.commit(TestPeers.put("k", "3"))).applied());
        assertEquals(List.of("3"), values(get(one.read("k"))));
        until("three events", () -> seen.size() >= 3);
        assertEquals(
                List.of("1", "2", "3"),
                seen.stream()
                        .map(e -> assertInstanceOf(WatchEvent.Written.class, e)
                                .entry()
                                .value())
                        .toList(),
                "replaying the log shows nothing twice");
    }

    @Test
    void withoutAMajorityTheOutcomeIsUnknownAndNobodyLeadsForLong() throws Exception {
        peers = new TestPeers(dir, 1_000, 4_000);
        peers.cluster(3);
        String leader = peers.leader();
        List.copyOf(peers.running.keySet()).stream()
                .filter(id -> !id.equals(leader))
                .forEach(peers::stop);
        RaftRegistry alone = peers.running.get(leader);
        ExecutionException e =
                assertThrows(ExecutionException.class, () -> get(alone.commit(TestPeers.put("k", "lost?"))));
        assertInstanceOf(RegistryException.class, e.getCause());
        assertTrue(
                e.getCause().getMessage().contains("outcome unknown"),
                e.getCause().getMessage());
        assertThrows(ExecutionException.class, () -> get(alone.read("k")));
        until("it steps down", () -> alone.leaderTerm().isEmpty());
    }

    @Test
    void aWipedVoterIsRefused() throws Exception {
        peers.cluster(2);
        peers.stop("n2");
        try (var files = java.nio.file.Files.walk(peers.folder("n2"))) {
            files.sorted(java.util.Comparator.reverseOrder())
                    .forEach(p -> p.toFile().delete());
        }
        IOException e = assertThrows(
                IOException.class, () -> RaftRegistry.start(peers.joining("n2").existing()));
        assertTrue(e.getMessage().contains("must not vote again"), e.getMessage());
    }

    @Test
    void garbageFromTheNetworkIsRefusedBeforeItIsLogged() throws Exception {
        RaftRegistry one = peers.start(peers.first("n1"));
        get(one.commit(TestPeers.put("k", "1")));
        RaftGroup group = RaftGroup.valueOf(
                RaftGroupId.valueOf(peers.group), RaftHost.toRaft(new RaftSettings.Peer("n1", peers.address("n1"))));
        try (RaftClient client = RaftClient.newBuilder()
                .setProperties(new RaftProperties())
                .setRaftGroup(group)
                .build()) {
            assertThrows(StateMachineException.class, () -> client.io().send(Message.valueOf("rm -rf")));
        }
        assertTrue(get(one.commit(TestPeers.put("k", "2"))).applied());
    }

    @Test
    void aPortInUseIsAnErrorAndNotTheEndOfTheProcess() throws Exception {
        RaftRegistry one = peers.start(peers.first("n1"));
        RaftSettings second = RaftSettings.first("n2", peers.address("n1"), peers.group, dir.resolve("n2"));
        IOException e = assertThrows(IOException.class, () -> RaftRegistry.start(second));
        assertTrue(e.getMessage().contains(peers.address("n1")), e.getMessage());
        assertTrue(get(one.commit(TestPeers.put("k", ""))).applied());
        assertNull(Thread.getDefaultUncaughtExceptionHandler(), "Ratis's would exit");
    }

    @Test
    void manyIndependentTransactionsAreUnderWayAtOnce() throws Exception {
        List<RaftRegistry> all = peers.cluster(3);
        List<CompletionStage<TxnResult>> writes = IntStream.range(0, 300)
                .mapToObj(i -> all.get(i % 3).commit(TestPeers.put("k" + i, "")))
                .toList();
        for (CompletionStage<TxnResult> write : writes) {
            assertTrue(get(write).applied());
        }
        assertEquals(300, get(all.get(1).read("k")).size());
        assertEquals(
                300,
                get(all.get(1).read("k")).stream()
                        .map(Entry::modRevision)
                        .distinct()
                        .count());
    }
}
