package dev.stardust.vm.actor;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * People with commands in the guests of this host. A session ends with its command, and when nobody asked for it in a minute: the command
 * is killed then, unless it is the one that the VM is there for. Thread safe; no call waits.
 */
final class GuestSessions {
    private static final int MAX_SESSIONS = 256;
    private static final long IDLE_MS = 60_000;
    private static final long SWEEP_MS = 5_000;

    private final GuestAgents agents;
    private final LongSupplier clockMs;
    private final Map<String, Entry> sessions = new HashMap<>();
    private final Future<?> sweeping;

    private static final class Entry {
        private final String vm;
        private final GuestSession session;
        private long usedMs;

        Entry(String vm, GuestSession session) {
            this.vm = vm;
            this.session = session;
        }
    }

    GuestSessions(GuestAgents agents, ScheduledExecutorService loop, LongSupplier clockMs) {
        this.agents = agents;
        this.clockMs = clockMs;
        sweeping = loop.scheduleWithFixedDelay(this::endIdle, SWEEP_MS, SWEEP_MS, TimeUnit.MILLISECONDS);
    }

    /**
     * Begins one.
     *
     * @param id any text that no other session has
     * @param waitMs how long the guest's agent may take to be there
     */
    GuestPart begin(String vm, String id, GuestOrder order, long waitMs) {
        GuestSession session = new GuestSession(order);
        synchronized (this) {
            if (sessions.containsKey(id) || sessions.size() == MAX_SESSIONS) {
                return GuestPart.failed(
                        GuestCare.NOT_STARTED_CODE,
                        sessions.containsKey(id)
                                ? "the session " + id + " is there already"
                                : MAX_SESSIONS + " commands were begun on this host: end some");
            }
            Entry entry = new Entry(vm, session);
            entry.usedMs = clockMs.getAsLong();
            sessions.put(id, entry);
        }
        session.over().thenRun(() -> forget(id));
        session.begin(agents.agent(vm, order.ofWorkload(), waitMs));
        return GuestPart.nothing(false);
    }

    /** Does something to its command. */
    CompletionStage<GuestPart> put(String vm, String id, GuestInput input) {
        GuestSession session = used(vm, id);
        if (session == null) {
            return unknown(id);
        }
        if (input.leave()) {
            session.leave();
            return CompletableFuture.completedFuture(GuestPart.taken(0));
        }
        return session.put(input);
    }

    /** What its command wrote; waits for a second if it wrote nothing. */
    CompletionStage<GuestPart> fetch(String vm, String id) {
        GuestSession session = used(vm, id);
        return session == null ? unknown(id) : session.fetch();
    }

    private static CompletionStage<GuestPart> unknown(String id) {
        return CompletableFuture.completedFuture(GuestPart.failed(
                GuestCare.NOT_STARTED_CODE,
                "there is no session " + id + " here: it ended, or the VM moved to another host"));
    }

    /** Completes when all who look on at the command that a VM is there for saw its end, or are gone. */
    synchronized CompletionStage<Void> seenOff(String vm) {
        return CompletableFuture.allOf(sessions.values().stream()
                .filter(entry -> entry.vm.equals(vm) && entry.session.isOfWorkload())
                .map(entry -> entry.session.over().toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    private synchronized GuestSession used(String vm, String id) {
        Entry entry = sessions.get(id);
        if (entry == null || !entry.vm.equals(vm)) {
            return null;
        }
        entry.usedMs = clockMs.getAsLong();
        return entry.session;
    }

    private synchronized void forget(String id) {
        sessions.remove(id);
    }

    private void endIdle() {
        idle().forEach(GuestSession::leave);
    }

    private synchronized List<GuestSession> idle() {
        long now = clockMs.getAsLong();
        return sessions.values().stream()
                .filter(entry -> now - entry.usedMs > IDLE_MS)
                .map(entry -> entry.session)
                .toList();
    }

    /** Ends all. */
    void close() {
        sweeping.cancel(false);
        List<GuestSession> all;
        synchronized (this) {
            all = sessions.values().stream().map(entry -> entry.session).toList();
        }
        all.forEach(GuestSession::leave);
    }
}
