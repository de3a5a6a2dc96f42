package dev.stardust.cluster.registry;

import static dev.stardust.cluster.registry.Eventually.get;
import static dev.stardust.cluster.registry.Eventually.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
    private static final long TTL_MS = 3_000;

    @TempDir
    Path dir;

    private static final class Holder implements LeaseListener {
        private final AtomicLong until = new AtomicLong();
        private final AtomicInteger losses = new AtomicInteger();

        @Override
        public void confirmedUntil(long untilNs) {
            until.set(untilNs);
        }

        @Override
        public void lost() {
            losses.incrementAndGet();
        }
    }

    @Test
    void renewedLeasesLiveThroughALeaderChangeAndTheOthersEnd() throws Exception {
        List<AutoCloseable> open = new ArrayList<>();
        try (TestPeers peers = new TestPeers(dir, 10_000, 20_000)) {
            List<RaftRegistry> all = peers.cluster(3);
            for (RaftRegistry each : all) {
                open.add(LeaseExpirer.start(each, 300));
            }
            String leader = peers.leader();
            RaftRegistry stays = peers.running.entrySet().stream()
                    .filter(e -> !e.getKey().equals(leader))
                    .findFirst()
                    .orElseThrow()
                    .getValue();
            List<WatchEvent.LeaseEnded> ended = new CopyOnWriteArrayList<>();
            stays.watch("alive/", event -> {
                if (event instanceof WatchEvent.LeaseEnded e) {
                    ended.add(e);
                }
            });
            Holder living = new Holder();
            Holder leaving = new Holder();
            Holder dying = new Holder();
            open.add(LeaseKeeper.start(stays, "living", "boot-1", TTL_MS, System::nanoTime, living));
            LeaseKeeper left = LeaseKeeper.start(stays, "leaving", "boot-1", TTL_MS, System::nanoTime, leaving);
            LeaseKeeper killed = LeaseKeeper.start(stays, "dying", "boot-1", TTL_MS, System::nanoTime, dying);
            until("all are granted", () -> stays.local("alive/").size() == 3);
            until("confirmed", () -> living.until.get() != 0 && leaving.until.get() != 0);
            assertTrue(get(left.release("leaves")).applied());
            killed.close();
            peers.stop(leader);
            until("two leases ended", () -> ended.size() >= 2);
            assertEquals(
                    new WatchEvent.LeaseEnded(
                            "host-leaving", "leaves", ended.get(0).revision()),
                    ended.get(0));
            assertEquals("host-dying", ended.get(1).lease());
            assertTrue(
                    ended.get(1).reason().contains("not renewed"), ended.get(1).reason());
            assertEquals(
                    List.of("alive/living"),
                    get(stays.read("alive/")).stream().map(Entry::key).toList());
            assertEquals(0, living.losses.get());

            get(stays.commit(new Txn("forced", List.of(), List.of(new Op.LeaseEnd("host-living", "by hand")))));
            until(
                    "it noticed and has a new one",
                    () -> living.losses.get() == 1
                            && stays.localGet("alive/living").isPresent());
        } finally {
            for (AutoCloseable each : open) {
                each.close();
            }
        }
    }
}
