package dev.stardust.cluster.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node has applied, its watches, and those who wait for an index. It outlives the Raft server: one that
 * restarts replays its log, and what was shown before is not shown again.
 */
final class LocalView {
    private static final Logger LOG = LoggerFactory.getLogger(LocalView.class);

    private record Listening(String prefix, Consumer<WatchEvent> listener) {}

    private final List<Listening> watches = new CopyOnWriteArrayList<>();
    private final TreeMap<Long, List<CompletableFuture<RegistryState>>> waiting = new TreeMap<>();
    private final ExecutorService thread;
    private volatile RegistryState state = RegistryState.EMPTY;

    LocalView() {
        thread = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), r -> {
            Thread t = new Thread(r, "registry-watch");
            t.setDaemon(true);
            return t;
        });
    }

    RegistryState state() {
        return state;
    }

    /** A transaction was applied. */
    void applied(RegistryState next, List<WatchEvent> events) {
        if (next.index() <= state.index()) {
            return;
        }
        state = next;
        if (!events.isEmpty()) {
            onThread(() -> events.forEach(this::fire));
        }
        reached(next.index());
    }

    /** A snapshot was loaded: from disk at the start, or from the leader. */
    void installed(RegistryState next) {
        if (next.index() <= state.index()) {
            return;
        }
        state = next;
        onThread(() -> fire(new WatchEvent.Resync(next.revision())));
        reached(next.index());
    }

    private void reached(long index) {
        List<CompletableFuture<RegistryState>> ready = new ArrayList<>();
        synchronized (waiting) {
            while (!waiting.isEmpty() && waiting.firstKey() <= index) {
                ready.addAll(waiting.pollFirstEntry().getValue());
            }
        }
        for (CompletableFuture<RegistryState> future : ready) {
            future.complete(state);
        }
    }

    /** The state as soon as it holds every transaction up to the log index {@code index}. */
    CompletableFuture<RegistryState> at(long index) {
        synchronized (waiting) {
            if (index > state.index()) {
                CompletableFuture<RegistryState> future = new CompletableFuture<>();
                waiting.computeIfAbsent(index, i -> new ArrayList<>()).add(future);
                return future;
            }
        }
        return CompletableFuture.completedFuture(state);
    }

    Registry.Watch watch(String prefix, Consumer<WatchEvent> listener) {
        Listening listening = new Listening(prefix, listener);
        watches.add(listening);
        return () -> watches.remove(listening);
    }

    void close() {
        watches.clear();
        thread.shutdown();
    }

    private void onThread(Runnable work) {
        try {
            thread.execute(work);
        } catch (RejectedExecutionException e) {
            LOG.debug("closed: an event is dropped", e);
        }
    }

    private void fire(WatchEvent event) {
        for (Listening listening : watches) {
            if (concerns(event, listening.prefix())) {
                try {
                    listening.listener().accept(event);
                } catch (RuntimeException e) {
                    LOG.error("a registry watch of {} failed on {}", listening.prefix(), event, e);
                }
            }
        }
    }

    private static boolean concerns(WatchEvent event, String prefix) {
        if (event instanceof WatchEvent.Written written) {
            return written.entry().key().startsWith(prefix);
        } else if (event instanceof WatchEvent.Deleted deleted) {
            return deleted.key().startsWith(prefix);
        }
        return true;
    }
}
