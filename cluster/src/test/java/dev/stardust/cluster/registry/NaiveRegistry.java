package dev.stardust.cluster.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The registry's rules again, written in the plainest mutable way, to compare with. */
final class NaiveRegistry {
    final TreeMap<String, Entry> entries = new TreeMap<>();
    final TreeMap<String, long[]> leases = new TreeMap<>();
    final Map<String, TxnResult> answers = new HashMap<>();
    long revision;

    TxnResult apply(long term, Txn txn) {
        TxnResult before = answers.get(txn.requestId());
        if (before != null) {
            return before;
        }
        boolean held = txn.when().stream().allMatch(c -> holds(c, term));
        List<Op> ops = held ? txn.then() : txn.otherwise();
        TreeMap<String, Entry> entriesBefore = new TreeMap<>(entries);
        TreeMap<String, long[]> leasesBefore = new TreeMap<>(leases);
        boolean possible = true;
        for (Op op : ops) {
            possible = possible && run(op, revision + 1);
        }
        if (!possible) {
            entries.clear();
            entries.putAll(entriesBefore);
            leases.clear();
            leases.putAll(leasesBefore);
        } else if (!ops.isEmpty()) {
            revision++;
        }
        TxnResult result = new TxnResult(held && possible, revision, term);
        answers.put(txn.requestId(), result);
        return result;
    }

    private boolean holds(Compare c, long term) {
        if (c instanceof Compare.Absent a) {
            return !entries.containsKey(a.key());
        } else if (c instanceof Compare.AtRevision a) {
            return entries.containsKey(a.key()) && entries.get(a.key()).modRevision() == a.modRevision();
        } else if (c instanceof Compare.HasValue a) {
            return entries.containsKey(a.key()) && entries.get(a.key()).value().equals(a.value());
        } else if (c instanceof Compare.InTerm a) {
            return a.term() == term;
        } else if (c instanceof Compare.LeaseAlive a) {
            return leases.containsKey(a.lease());
        } else if (c instanceof Compare.LeaseDead a) {
            return !leases.containsKey(a.lease());
        } else if (c instanceof Compare.LeaseAtRevision a) {
            return leases.containsKey(a.lease()) && leases.get(a.lease())[1] == a.renewRevision();
        }
        throw new AssertionError(c);
    }

    private boolean run(Op op, long now) {
        if (op instanceof Op.Put p) {
            if (!p.lease().isEmpty() && !leases.containsKey(p.lease())) {
                return false;
            }
            Entry old = entries.get(p.key());
            entries.put(
                    p.key(), new Entry(p.key(), p.value(), old == null ? now : old.createRevision(), now, p.lease()));
        } else if (op instanceof Op.Delete d) {
            entries.remove(d.key());
        } else if (op instanceof Op.LeaseRenew r) {
            leases.put(r.lease(), new long[] {r.ttlMs(), now});
        } else if (op instanceof Op.LeaseEnd e) {
            leases.remove(e.lease());
            entries.values().removeIf(entry -> entry.lease().equals(e.lease()));
        }
        return true;
    }

    List<Registry.LeaseView> views() {
        List<Registry.LeaseView> views = new ArrayList<>();
        leases.forEach((id, l) -> views.add(new Registry.LeaseView(id, l[0], l[1])));
        return views;
    }
}
