package dev.stardust.cluster.ring;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which hosts own which of the {@value #SHARDS} shards: weighted rendezvous hashing. Immutable.
 *
 * <p>Each (shard, host) pair has a score that depends on nothing else; the owners of a shard are the hosts with the
 * highest scores. So a member that joins only takes shards, and one that leaves only gives its own away: no shard ever
 * moves between two hosts that stay. The share of a host is its weight's share of all weights; with 1,024 shards the
 * deviation is that of a random draw (3 equal hosts with 2 replicas: 2% standard deviation).
 */
public final class HashRing {
    public static final int SHARDS = 1024;
    private static final int SHARD_BITS = 10;

    private final RingSnapshot snapshot;
    private final List<List<String>> owners;

    private HashRing(RingSnapshot snapshot, List<List<String>> owners) {
        this.snapshot = snapshot;
        this.owners = owners;
    }

    public static HashRing of(RingSnapshot snapshot) {
        List<Member> members = new ArrayList<>();
        for (Map.Entry<String, Integer> member : snapshot.members().entrySet()) {
            members.add(new Member(member.getKey(), hash(member.getKey()), member.getValue()));
        }
        int replicas = Math.min(snapshot.replication(), members.size());
        List<List<String>> owners = new ArrayList<>(SHARDS);
        for (int shard = 0; shard < SHARDS; shard++) {
            owners.add(best(members, shard, replicas));
        }
        return new HashRing(snapshot, List.copyOf(owners));
    }

    /** The shard of an id that is uniformly distributed, by its first 64 bits (big-endian). */
    public static int shardOf(long leadingBits) {
        return (int) (leadingBits >>> (Long.SIZE - SHARD_BITS));
    }

    public RingSnapshot snapshot() {
        return snapshot;
    }

    public long epoch() {
        return snapshot.epoch();
    }

    public Set<String> members() {
        return snapshot.members().keySet();
    }

    /** Distinct hosts, best first: as many as the replication asks for, or all members when there are fewer. */
    public List<String> owners(int shard) {
        return owners.get(shard);
    }

    public boolean owns(String host, int shard) {
        return owners.get(shard).contains(host);
    }

    /** The shards of which a host owns a replica, ascending. */
    public List<Integer> shardsOf(String host) {
        List<Integer> shards = new ArrayList<>();
        for (int shard = 0; shard < SHARDS; shard++) {
            if (owns(host, shard)) {
                shards.add(shard);
            }
        }
        return shards;
    }

    /** Whom to ask for what lies in a shard: its owners, then, since it may not have been moved yet, everyone else. */
    public List<String> readOrder(int shard) {
        List<String> order = new ArrayList<>(owners.get(shard));
        for (String member : members()) {
            if (!order.contains(member)) {
                order.add(member);
            }
        }
        return order;
    }

    private static List<String> best(List<Member> members, int shard, int replicas) {
        Member[] best = new Member[replicas];
        double[] scores = new double[replicas];
        for (Member member : members) {
            double score = member.score(shard);
            int place = replicas;
            while (place > 0 && (best[place - 1] == null || score > scores[place - 1])) {
                place--;
            }
            if (place < replicas) {
                System.arraycopy(best, place, best, place + 1, replicas - place - 1);
                System.arraycopy(scores, place, scores, place + 1, replicas - place - 1);
                best[place] = member;
                scores[place] = score;
            }
        }
        List<String> hosts = new ArrayList<>(replicas);
        for (Member member : best) {
            hosts.add(member.host());
        }
        return List.copyOf(hosts);
    }

    /** FNV-1a, finished by {@link #mix}. */
    private static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return mix(hash);
    }

    /** The finisher of SplitMix64. */
    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }

    private record Member(String host, long hash, int weight) {
        /** Weight / -ln(uniform): StrictMath, because every host must compute the same bits. */
        double score(int shard) {
            long bits = mix(hash + (shard + 1) * 0x9e3779b97f4a7c15L);
            double uniform = ((bits >>> 11) + 0.5) * 0x1.0p-53;
            return weight / -StrictMath.log(uniform);
        }
    }
}
