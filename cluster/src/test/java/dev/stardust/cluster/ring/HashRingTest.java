package dev.stardust.cluster.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class HashRingTest {
    private static RingSnapshot ring(int seed, int members, int replication) {
        TreeMap<String, Integer> weights = new TreeMap<>();
        for (int i = 0; i < members; i++) {
            weights.put("host-" + seed + "-" + i, 1);
        }
        return new RingSnapshot(1, replication, weights);
    }

    @Property(tries = 100)
    void everyShardHasDistinctOwnersAsManyAsThereCanBe(
            @ForAll int seed,
            @ForAll @IntRange(min = 1, max = 12) int members,
            @ForAll @IntRange(min = 1, max = 5) int r) {
        HashRing ring = HashRing.of(ring(seed, members, r));
        for (int shard = 0; shard < HashRing.SHARDS; shard++) {
            List<String> owners = ring.owners(shard);
            assertEquals(Math.min(members, r), owners.size());
            assertEquals(owners.size(), new HashSet<>(owners).size());
            assertTrue(ring.members().containsAll(owners));
            assertEquals(ring.members(), Set.copyOf(ring.readOrder(shard)));
            assertEquals(owners, ring.readOrder(shard).subList(0, owners.size()));
        }
    }

    @Property(tries = 100)
    void aMemberThatJoinsOnlyTakesAndOneThatLeavesOnlyGives(
            @ForAll int seed,
            @ForAll @IntRange(min = 2, max = 12) int members,
            @ForAll @IntRange(min = 1, max = 3) int r) {
        RingSnapshot small = ring(seed, members, r);
        RingSnapshot large = small.with("newcomer", 1);
        assertEquals(2, large.epoch());
        assertEquals(small.members(), large.without("newcomer").members());
        HashRing before = HashRing.of(small);
        HashRing after = HashRing.of(large);
        int taken = 0;
        for (int shard = 0; shard < HashRing.SHARDS; shard++) {
            List<String> stayed = new ArrayList<>(after.owners(shard));
            if (stayed.remove("newcomer")) {
                taken++;
            }
            assertEquals(before.owners(shard).subList(0, stayed.size()), stayed);
        }
        assertShare(taken, Math.min(1.0, (double) r / (members + 1)));
    }

    @Property(tries = 50)
    void equalMembersGetEqualShares(
            @ForAll int seed,
            @ForAll @IntRange(min = 1, max = 10) int members,
            @ForAll @IntRange(min = 1, max = 3) int r) {
        HashRing ring = HashRing.of(ring(seed, members, r));
        for (String host : ring.members()) {
            assertShare(ring.shardsOf(host).size(), Math.min(1.0, (double) r / members));
        }
    }

    @Property(tries = 50)
    void aWeightIsAShare(@ForAll int seed, @ForAll @IntRange(min = 1, max = 9) int weight) {
        RingSnapshot ring =
                new RingSnapshot(1, 1, new TreeMap<>(Map.of("a" + seed, weight, "b" + seed, 1, "c" + seed, 1)));
        assertShare(HashRing.of(ring).shardsOf("a" + seed).size(), weight / (weight + 2.0));
    }

    /** Within five standard deviations of a random draw. */
    private static void assertShare(int shards, double share) {
        double expected = HashRing.SHARDS * share;
        double deviation = Math.sqrt(HashRing.SHARDS * share * (1 - share));
        assertTrue(Math.abs(shards - expected) <= 5 * deviation + 1e-9, shards + " shards, expected " + expected);
    }

    @Example
    void theSameRingIsComputedByEveryReleaseAndEveryMachine() {
        HashRing ring = HashRing.of(new RingSnapshot(7, 2, new TreeMap<>(Map.of("a", 1, "b", 2, "c", 3))));
        assertEquals(7, ring.epoch());
        assertEquals(
                List.of(OWNERS_0, OWNERS_1, OWNERS_1023), List.of(ring.owners(0), ring.owners(1), ring.owners(1023)));
    }

    private static final List<String> OWNERS_0 = List.of("c", "b");
    private static final List<String> OWNERS_1 = List.of("c", "b");
    private static final List<String> OWNERS_1023 = List.of("c", "a");

    @Example
    void theShardIsTheFirstTenBits() {
        assertEquals(0, HashRing.shardOf(0x003fffffffffffffL));
        assertEquals(1, HashRing.shardOf(0x0040000000000000L));
        assertEquals(1023, HashRing.shardOf(-1L));
    }

    @Example
    void ownsAgreesWithShardsOf() {
        HashRing ring = HashRing.of(ring(3, 5, 2));
        for (int shard = 0; shard < HashRing.SHARDS; shard++) {
            assertEquals(ring.owns("host-3-0", shard), ring.shardsOf("host-3-0").contains(shard));
        }
        assertFalse(ring.owns("stranger", 0));
    }
}
