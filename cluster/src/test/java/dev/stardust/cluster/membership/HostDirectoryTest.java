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

    private List<Integer> seeds(String selfId, int port) {
        return directory.seedNodes(selfId, TalkingNode.address(port)).stream()
                .map(address -> address.getPort().get())
                .toList();
    }

    @Test
    void theLongestLivingHostIsAskedFirstAndANewcomerLast() {
        assertEquals(List.of(1), seeds("first", 1));
        TalkingNode.enter(registry, "b", 2);
        TalkingNode.enter(registry, "c", 3);
        assertEquals(List.of(2, 3, 1), seeds("a", 1));
        TalkingNode.enter(registry, "a", 1);
        assertEquals(List.of(2, 3, 1), seeds("c", 3));
        TalkingNode.commit(registry, new Op.LeaseRenew(LeaseKeeper.leaseOf("b"), 1000));
        assertEquals(List.of(2, 3, 1), seeds("b", 2), "a renewal makes nobody younger");
        TalkingNode.commit(registry, new Op.LeaseEnd(LeaseKeeper.leaseOf("b"), "why"));
        assertEquals(List.of(3, 1, 2), seeds("b", 2));
        TalkingNode.enter(registry, "b", 2);
        assertEquals(List.of(3, 1, 2), seeds("a", 1), "back from the dead");
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
