package dev.stardust.cluster.ring;

import dev.stardust.cluster.registry.Registry;
import dev.stardust.cluster.registry.WatchEvent;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** The newest ring that this node knows of. Epochs only grow: an older ring is ignored. */
public final class RingView {
    private final List<Consumer<HashRing>> listeners = new CopyOnWriteArrayList<>();
    private volatile HashRing current;

    /** Empty until the first ring is known. */
    public Optional<HashRing> current() {
        return Optional.ofNullable(current);
    }

    /**
     * Takes a ring if it is newer and tells the listeners, on this thread and in the order of epochs.
     *
     * @return whether it was newer
     */
    public synchronized boolean update(RingSnapshot snapshot) {
        if (current != null && snapshot.epoch() <= current.epoch()) {
            return false;
        }
        HashRing ring = HashRing.of(snapshot);
        current = ring;
        listeners.forEach(listener -> listener.accept(ring));
        return true;
    }

    /** Calls the listener with the present ring, if there is one, and with each later one. It must not block. */
    public synchronized void onChange(Consumer<HashRing> listener) {
        listeners.add(listener);
        if (current != null) {
            listener.accept(current);
        }
    }

    /** Follows the registry's key {@link RingSnapshot#KEY} until the watch is closed. */
    public Registry.Watch follow(Registry registry) {
        Registry.Watch watch = registry.watch(RingSnapshot.KEY, event -> {
            if (event instanceof WatchEvent.Written written) {
                take(written.entry().key(), written.entry().value());
            } else if (event instanceof WatchEvent.Resync) {
                refresh(registry);
            }
        });
        refresh(registry);
        return watch;
    }

    private void refresh(Registry registry) {
        registry.localGet(RingSnapshot.KEY).ifPresent(entry -> take(entry.key(), entry.value()));
    }

    private void take(String key, String value) {
        if (key.equals(RingSnapshot.KEY)) {
            update(RingSnapshot.fromJson(value));
        }
    }
}
