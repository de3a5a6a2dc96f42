package dev.stardust.cluster.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.cluster.registry.LeaseKeeper;
import dev.stardust.cluster.registry.Op;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HostDirectoryTest {
    private final FakeRegistry registry = new FakeRegistry();
    private final HostDirectory directory = new HostDirectory(registry);

    @Test
    void aHostIsDeadOnlyWhenItIsKnownAndItsLeaseHasEnded() {
        HostAddress address = TalkingNode.address(7701);
        assertFalse(directory.dead(address.artery()), "unknown");
        TalkingNode.enter(registry, "h", 7701);
        assertFalse(directory.dead(address.artery()), "alive");
        assertEquals(Optional.of("h"), directory.hostAt(address.artery()));
        assertEquals(Optional.of(address), directory.address("h"));
        TalkingNode.commit(registry, new Op.LeaseEnd(LeaseKeeper.leaseOf("h"), "why"));
        assertTrue(directory.dead(address.artery()), "ended");
        assertFalse(directory.dead(TalkingNode.address(7711).artery()), "another");
    }

    @Test
    void allNodesAskTheLivingHostsInTheSameOrder() {
        TalkingNode.enter(registry, "b", 7711);
        TalkingNode.enter(registry, "c", 7721);
        List<String> seeds = directory.seedNodes("a", TalkingNode.address(7701)).stream()
                .map(Object::toString)
                .toList();
        assertEquals(
                List.of(
                        "pekko://stardust@127.0.0.1:7701",
                        "pekko://stardust@127.0.0.1:7711",
                        "pekko://stardust@127.0.0.1:7721"),
                seeds);
        assertEquals(3, directory.seedNodes("c", TalkingNode.address(7721)).size() + 1);
    }

    @Test
    void malformedEntriesAreNobody() {
        TalkingNode.commit(
                registry,
                new Op.Put("hosts/x", "not json"),
                new Op.Put("hosts/y", "{}"),
                new Op.Put("hosts/z", "{\"address\":{\"host\":\"h\",\"arteryPort\":99999}}"));
        for (String id : List.of("w", "x", "y", "z")) {
            assertEquals(Optional.empty(), directory.address(id), id);
        }
        assertFalse(directory.dead(TalkingNode.address(7701).artery()));
    }

    @Test
    void portsFollowThePortBase() {
        assertEquals(new HostAddress("h", 7700, 7701, 7702, 7703), HostAddress.ofPortBase("h", 7700));
        assertEquals("h:7702", HostAddress.ofPortBase("h", 7700).raft());
        assertThrows(IllegalArgumentException.class, () -> HostAddress.ofPortBase("h", 65_534));
        assertThrows(IllegalArgumentException.class, () -> HostAddress.ofPortBase("", 7700));
    }
}
