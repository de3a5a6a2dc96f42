package dev.stardust.cluster.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.domains.Domain;

@Domain(TxnArbitraries.class)
@Domain(net.jqwik.api.domains.DomainContext.Global.class)
class RegistryStateModelTest {
    @Property(tries = 1000)
    void everyHistoryGivesWhatTheNaiveModelGives(@ForAll List<Txn> history) {
        RegistryState state = RegistryState.EMPTY;
        NaiveRegistry naive = new NaiveRegistry();
        long index = 0;
        for (Txn txn : history) {
            long term = 1 + index / 15;
            RegistryState.Applied applied = state.apply(term, ++index, txn);
            state = applied.state();
            assertEquals(naive.apply(term, txn), applied.result());
            assertEquals(naive.revision, state.revision());
            assertEquals(List.copyOf(naive.entries.values()), state.under(""));
            assertEquals(naive.views(), state.leaseViews());
        }
    }

    @Property(tries = 300)
    void whoFollowsTheEventsHoldsTheSameEntries(@ForAll List<Txn> history) {
        RegistryState state = RegistryState.EMPTY;
        TreeMap<String, Entry> follower = new TreeMap<>();
        int i = 0;
        for (Txn txn : history) {
            RegistryState.Applied applied = state.apply(1, ++i, txn);
            state = applied.state();
            for (WatchEvent event : applied.events()) {
                assertEquals(applied.result().revision(), event.revision());
                if (event instanceof WatchEvent.Written w) {
                    follower.put(w.entry().key(), w.entry());
                } else if (event instanceof WatchEvent.Deleted d) {
                    follower.remove(d.key());
                }
            }
            assertEquals(state.under(""), new ArrayList<>(follower.values()));
        }
    }

    @Property(tries = 200)
    void aStateReadBackFromItsSnapshotGoesOnTheSame(@ForAll List<Txn> history, @ForAll List<Txn> later)
            throws IOException {
        RegistryState state = RegistryState.EMPTY;
        long index = 0;
        for (Txn txn : history) {
            state = state.apply(1, ++index, txn).state();
        }
        Path file = Files.createTempFile("registry", ".snapshot");
        RegistryState copy;
        try {
            RegistrySnapshot.write(state, file);
            copy = RegistrySnapshot.read(file);
        } finally {
            Files.delete(file);
        }
        assertEquals(state.index(), copy.index());
        for (Txn txn : later) {
            RegistryState.Applied a = state.apply(2, ++index, txn);
            RegistryState.Applied b = copy.apply(2, index, txn);
            assertEquals(a.result(), b.result());
            assertEquals(a.events(), b.events());
            state = a.state();
            copy = b.state();
        }
        assertEquals(state.under(""), copy.under(""));
        assertEquals(state.leaseViews(), copy.leaseViews());
    }

    @Property(tries = 500)
    void transactionsSurviveTheirEncoding(@ForAll Txn txn) throws IOException {
        assertEquals(txn, TxnCodec.decode(TxnCodec.encode(txn)));
    }
}
