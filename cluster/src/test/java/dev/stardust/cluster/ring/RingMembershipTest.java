package dev.stardust.cluster.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Registry;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.cluster.registry.TxnResult;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class RingMembershipTest {
    /** One key, with revisions. */
    private static final class OneKey {
        private String value;
        private long revision;
        private Runnable beforeCommit = () -> {};

        Registry registry() {
            return (Registry) Proxy.newProxyInstance(
                    Registry.class.getClassLoader(),
                    new Class<?>[] {Registry.class},
                    (proxy, method, args) -> switch (method.getName()) {
                        case "read" -> CompletableFuture.completedFuture(entries());
                        case "commit" -> CompletableFuture.completedFuture(commit((Txn) args[0]));
                        default -> throw new UnsupportedOperationException(method.getName());
                    });
        }

        private List<Entry> entries() {
            Entry neighbour = new Entry(RingSnapshot.KEY + "-other", "x", 1, 1, "");
            return value == null
                    ? List.of(neighbour)
                    : List.of(new Entry(RingSnapshot.KEY, value, 1, revision, ""), neighbour);
        }

        private TxnResult commit(Txn txn) {
            Runnable race = beforeCommit;
            beforeCommit = () -> {};
            race.run();
            Compare when = txn.when().get(0);
            boolean holds = when instanceof Compare.AtRevision at ? at.modRevision() == revision : value == null;
            if (holds) {
                write(((Op.Put) txn.then().get(0)).value());
            }
            return new TxnResult(holds, revision, 1);
        }

        private void write(String json) {
            value = json;
            revision++;
        }
    }

    private final OneKey key = new OneKey();
    private final RingMembership membership = new RingMembership(key.registry());

    private RingSnapshot join(String host, int weight) {
        return membership.join(host, weight, 2).toCompletableFuture().join();
    }

    @Test
    void theFirstMakesTheRingAndOthersGrowIt() {
        assertEquals(1, join("a", 1).epoch());
        assertEquals(2, join("b", 3).epoch());
        RingSnapshot ring = RingSnapshot.fromJson(key.value);
        assertEquals(Map.of("a", 1, "b", 3), ring.members());
        assertEquals(2, ring.replication());
    }

    @Test
    void joiningAgainChangesNothing() {
        join("a", 1);
        assertEquals(1, join("a", 1).epoch());
        assertEquals(1, key.revision);
    }

    @Test
    void aChangeInBetweenIsNotLost() {
        join("a", 1);
        key.beforeCommit =
                () -> key.write(RingSnapshot.fromJson(key.value).with("c", 1).toJson());
        RingSnapshot ring = join("b", 1);
        assertEquals(Map.of("a", 1, "b", 1, "c", 1), ring.members());
        assertEquals(3, ring.epoch());
    }
}
