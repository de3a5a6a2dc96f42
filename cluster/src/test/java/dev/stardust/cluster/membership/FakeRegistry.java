package dev.stardust.cluster.membership;

import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Registry;
import dev.stardust.cluster.registry.RegistryState;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.cluster.registry.TxnResult;
import dev.stardust.cluster.registry.WatchEvent;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** The real state, applied at once. */
final class FakeRegistry implements Registry {
    private RegistryState state = RegistryState.EMPTY;

    @Override
    public synchronized CompletionStage<TxnResult> commit(Txn txn) {
        RegistryState.Applied applied = state.apply(1, state.index() + 1, txn);
        state = applied.state();
        return CompletableFuture.completedFuture(applied.result());
    }

    @Override
    public CompletionStage<List<Entry>> read(String prefix) {
        return CompletableFuture.completedFuture(local(prefix));
    }

    @Override
    public synchronized CompletionStage<List<LeaseView>> leases() {
        return CompletableFuture.completedFuture(state.leaseViews());
    }

    @Override
    public synchronized List<Entry> local(String prefix) {
        return state.under(prefix);
    }

    @Override
    public synchronized Optional<Entry> localGet(String key) {
        return state.get(key);
    }

    @Override
    public OptionalLong leaderTerm() {
        return OptionalLong.of(1);
    }

    @Override
    public Optional<String> leader() {
        return Optional.of("self");
    }

    @Override
    public Watch watch(String prefix, Consumer<WatchEvent> listener) {
        throw new UnsupportedOperationException();
    }
}
