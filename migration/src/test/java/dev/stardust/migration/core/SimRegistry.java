package dev.stardust.migration.core;

import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Txn;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The registry as its users see it: linearizable, each request id applied once, but slow, stalled while it has no
 * leader, and silent about what became of a transaction that may still be on its way.
 */
final class SimRegistry {
    private final SimClock clock;
    private final SimFaults faults;
    private final Mutant mutant;
    private final Map<String, Entry> entries = new TreeMap<>();
    private final Map<String, Event.TxnDone> answers = new HashMap<>();
    private long revision;

    SimRegistry(SimClock clock, SimFaults faults, Mutant mutant) {
        this.clock = clock;
        this.faults = faults;
        this.mutant = mutant;
    }

    Optional<Entry> get(String key) {
        return Optional.ofNullable(entries.get(key));
    }

    void put(String key, String value) {
        revision++;
        Entry old = entries.get(key);
        entries.put(key, new Entry(key, value, old == null ? revision : old.createRevision(), revision, ""));
    }

    void commit(Txn given, Consumer<Event> answer) {
        Txn txn = mutant.txn(given);
        boolean silent = !healed() && clock.chance(faults.unknown);
        if (!silent) {
            clock.after(delay(), () -> {
                Event.TxnDone done = apply(txn);
                clock.after(clock.between(0, 5), () -> answer.accept(done));
            });
            return;
        }
        switch ((int) clock.between(0, 2)) {
            case 0 -> clock.after(delay(), () -> apply(txn));
            case 1 -> clock.after(delay() + clock.between(100, 4_000), () -> apply(txn));
            default -> {
                // It never arrives.
            }
        }
        clock.after(clock.between(20, 600), () -> answer.accept(new Event.TxnUnknown(txn.requestId())));
    }

    void read(Effect.ReadRegistry read, Consumer<Event> answer) {
        if (!healed() && clock.chance(faults.unknown)) {
            clock.after(clock.between(20, 600), () -> answer.accept(new Event.RegistryReadFailed(read.readId())));
            return;
        }
        clock.after(delay(), () -> {
            Optional<Entry> entry = get(read.key());
            clock.after(
                    clock.between(0, Math.min(faults.delayMs, 50)),
                    () -> answer.accept(new Event.RegistryRead(read.readId(), entry)));
        });
    }

    private boolean healed() {
        return clock.nowMs() >= SimFaults.HEAL_MS;
    }

    private long delay() {
        long delay = clock.between(1, 12);
        for (SimFaults.Window stall : faults.stalls) {
            if (clock.nowMs() >= stall.fromMs() && clock.nowMs() < stall.toMs()) {
                delay = Math.max(delay, stall.toMs() - clock.nowMs() + clock.between(1, 40));
            }
        }
        return delay;
    }

    private Event.TxnDone apply(Txn txn) {
        if (faults.forgetful && clock.chance(0.3)) {
            answers.remove(txn.requestId());
        }
        return answers.computeIfAbsent(txn.requestId(), id -> {
            boolean holds = txn.when().stream().allMatch(this::holds);
            revision++;
            for (Op op : holds ? txn.then() : txn.otherwise()) {
                if (!(op instanceof Op.Put put)) {
                    throw new IllegalArgumentException("migrations only put, not " + op);
                }
                Entry old = entries.get(put.key());
                long created = old == null ? revision : old.createRevision();
                entries.put(put.key(), new Entry(put.key(), put.value(), created, revision, put.lease()));
            }
            return new Event.TxnDone(id, holds, revision);
        });
    }

    private boolean holds(Compare compare) {
        if (compare instanceof Compare.Absent c) {
            return !entries.containsKey(c.key());
        } else if (compare instanceof Compare.AtRevision c) {
            Entry entry = entries.get(c.key());
            return entry != null && entry.modRevision() == c.modRevision();
        }
        throw new IllegalArgumentException("migrations do not compare by " + compare);
    }
}
