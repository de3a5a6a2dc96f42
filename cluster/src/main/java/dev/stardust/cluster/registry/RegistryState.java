package dev.stardust.cluster.registry;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.pcollections.AmortizedPQueue;
import org.pcollections.HashPMap;
import org.pcollections.HashTreePMap;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;

/**
 * The registry after some prefix of its log: immutable, so a snapshot is written from it while later entries apply, and
 * pure, so every peer (and every simulation) that applies the same entries holds the same state. It knows no clock: a
 * lease ends by an entry, never by time.
 *
 * <p>The results of the last {@link #RESULT_WINDOW} transactions are part of the state, which is what makes a retry
 * apply once. A caller must give up on a request long before that many others can have applied.
 */
public final class RegistryState {
    /** How many results are remembered: minutes of the busiest cluster, and far more than any retry deadline. */
    public static final int RESULT_WINDOW = 20_000;

    /** Before the first entry. */
    public static final RegistryState EMPTY = new RegistryState(
            0, 0, 0, TreePMap.empty(), TreePMap.empty(), HashTreePMap.empty(), AmortizedPQueue.empty());

    /** A living lease and the keys that go with it. */
    record Lease(long ttlMs, long renewRevision, TreePSet<String> keys) {}

    /** What applying one entry gave; {@code events} are in the order in which they happened. */
    public record Applied(RegistryState state, TxnResult result, List<WatchEvent> events) {}

    private final long term;
    private final long index;
    private final long revision;
    private final TreePMap<String, Entry> entries;
    private final TreePMap<String, Lease> leases;
    private final HashPMap<String, TxnResult> results;
    private final AmortizedPQueue<String> resultOrder;

    RegistryState(
            long term,
            long index,
            long revision,
            TreePMap<String, Entry> entries,
            TreePMap<String, Lease> leases,
            HashPMap<String, TxnResult> results,
            AmortizedPQueue<String> resultOrder) {
        this.term = term;
        this.index = index;
        this.revision = revision;
        this.entries = entries;
        this.leases = leases;
        this.results = results;
        this.resultOrder = resultOrder;
    }

    /** Raft term of the last applied transaction. */
    public long term() {
        return term;
    }

    /** Log index of the last applied transaction. */
    public long index() {
        return index;
    }

    public long revision() {
        return revision;
    }

    public Optional<Entry> get(String key) {
        return Optional.ofNullable(entries.get(key));
    }

    /** All entries under a prefix, ordered by key. */
    public List<Entry> under(String prefix) {
        List<Entry> found = new ArrayList<>();
        for (Map.Entry<String, Entry> e : entries.tailMap(prefix).entrySet()) {
            if (!e.getKey().startsWith(prefix)) {
                break;
            }
            found.add(e.getValue());
        }
        return found;
    }

    public List<Registry.LeaseView> leaseViews() {
        List<Registry.LeaseView> views = new ArrayList<>(leases.size());
        leases.forEach((id, lease) -> views.add(new Registry.LeaseView(id, lease.ttlMs(), lease.renewRevision())));
        return views;
    }

    TreePMap<String, Entry> entries() {
        return entries;
    }

    TreePMap<String, Lease> leases() {
        return leases;
    }

    Map<String, TxnResult> results() {
        return results;
    }

    /** Request ids of {@link #results()}, oldest first. */
    Iterable<String> resultOrder() {
        return resultOrder;
    }

    /**
     * Applies one log entry.
     *
     * @param term the Raft term in which the entry was appended
     * @param index its log index, larger than that of any entry applied before
     */
    public Applied apply(long term, long index, Txn txn) {
        if (index <= this.index) {
            throw new IllegalStateException("entry " + index + " after entry " + this.index);
        }
        TxnResult before = results.get(txn.requestId());
        if (before != null) {
            RegistryState same = new RegistryState(term, index, revision, entries, leases, results, resultOrder);
            return new Applied(same, before, List.of());
        }
        boolean held = true;
        for (Compare compare : txn.when()) {
            held &= holds(compare, term);
        }
        List<Op> ops = held ? txn.then() : txn.otherwise();
        Changes changes = new Changes();
        boolean possible = leasesAlive(ops);
        if (possible) {
            ops.forEach(changes::apply);
        }
        return changes.finish(term, index, txn.requestId(), held && possible, possible && !ops.isEmpty());
    }

    private boolean holds(Compare compare, long inTerm) {
        if (compare instanceof Compare.Absent c) {
            return !entries.containsKey(c.key());
        } else if (compare instanceof Compare.AtRevision c) {
            Entry entry = entries.get(c.key());
            return entry != null && entry.modRevision() == c.modRevision();
        } else if (compare instanceof Compare.HasValue c) {
            Entry entry = entries.get(c.key());
            return entry != null && entry.value().equals(c.value());
        } else if (compare instanceof Compare.InTerm c) {
            return c.term() == inTerm;
        } else if (compare instanceof Compare.LeaseAlive c) {
            return leases.containsKey(c.lease());
        } else if (compare instanceof Compare.LeaseDead c) {
            return !leases.containsKey(c.lease());
        } else if (compare instanceof Compare.LeaseAtRevision c) {
            Lease lease = leases.get(c.lease());
            return lease != null && lease.renewRevision() == c.renewRevision();
        }
        throw new IllegalArgumentException("unknown condition " + compare);
    }

    /** Whether every lease that a put names lives at that point: checked first, since a transaction applies whole or not. */
    private boolean leasesAlive(List<Op> ops) {
        Set<String> granted = new HashSet<>();
        Set<String> ended = new HashSet<>();
        for (Op op : ops) {
            if (op instanceof Op.LeaseRenew renew) {
                granted.add(renew.lease());
                ended.remove(renew.lease());
            } else if (op instanceof Op.LeaseEnd end) {
                ended.add(end.lease());
                granted.remove(end.lease());
            } else if (op instanceof Op.Put put && !put.lease().isEmpty()) {
                boolean alive = leases.containsKey(put.lease()) && !ended.contains(put.lease());
                if (!alive && !granted.contains(put.lease())) {
                    return false;
                }
            }
        }
        return true;
    }

    /** The next state in the making. */
    private final class Changes {
        private final long next = revision + 1;
        private final List<WatchEvent> events = new ArrayList<>();
        private TreePMap<String, Entry> newEntries = entries;
        private TreePMap<String, Lease> newLeases = leases;

        private void apply(Op op) {
            if (op instanceof Op.Put put) {
                put(put);
            } else if (op instanceof Op.Delete delete) {
                delete(delete.key());
            } else if (op instanceof Op.LeaseRenew renew) {
                Lease lease = newLeases.get(renew.lease());
                TreePSet<String> keys = lease == null ? TreePSet.empty() : lease.keys();
                newLeases = newLeases.plus(renew.lease(), new Lease(renew.ttlMs(), next, keys));
            } else if (op instanceof Op.LeaseEnd end) {
                endLease(end);
            } else {
                throw new IllegalArgumentException("unknown operation " + op);
            }
        }

        private void put(Op.Put put) {
            Entry old = newEntries.get(put.key());
            if (old != null) {
                unbind(old);
            }
            long created = old == null ? next : old.createRevision();
            Entry entry = new Entry(put.key(), put.value(), created, next, put.lease());
            newEntries = newEntries.plus(put.key(), entry);
            if (!put.lease().isEmpty()) {
                Lease lease = newLeases.get(put.lease());
                newLeases = newLeases.plus(
                        put.lease(),
                        new Lease(
                                lease.ttlMs(),
                                lease.renewRevision(),
                                lease.keys().plus(put.key())));
            }
            events.add(new WatchEvent.Written(entry, next));
        }

        private void delete(String key) {
            Entry old = newEntries.get(key);
            if (old != null) {
                unbind(old);
                newEntries = newEntries.minus(key);
                events.add(new WatchEvent.Deleted(key, next));
            }
        }

        private void unbind(Entry entry) {
            Lease lease = entry.lease().isEmpty() ? null : newLeases.get(entry.lease());
            if (lease != null) {
                newLeases = newLeases.plus(
                        entry.lease(),
                        new Lease(
                                lease.ttlMs(),
                                lease.renewRevision(),
                                lease.keys().minus(entry.key())));
            }
        }

        private void endLease(Op.LeaseEnd end) {
            Lease lease = newLeases.get(end.lease());
            if (lease == null) {
                return;
            }
            newLeases = newLeases.minus(end.lease());
            for (String key : lease.keys()) {
                newEntries = newEntries.minus(key);
                events.add(new WatchEvent.Deleted(key, next));
            }
            events.add(new WatchEvent.LeaseEnded(end.lease(), end.reason(), next));
        }

        private Applied finish(long term, long index, String requestId, boolean applied, boolean changed) {
            TxnResult result = new TxnResult(applied, changed ? next : revision, term);
            HashPMap<String, TxnResult> newResults = results.plus(requestId, result);
            AmortizedPQueue<String> newOrder = resultOrder.plus(requestId);
            if (newOrder.size() > RESULT_WINDOW) {
                newResults = newResults.minus(newOrder.peek());
                newOrder = newOrder.minus();
            }
            return new Applied(
                    new RegistryState(term, index, result.revision(), newEntries, newLeases, newResults, newOrder),
                    result,
                    List.copyOf(events));
        }
    }
}
