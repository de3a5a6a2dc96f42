package dev.stardust.cluster.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RegistryStateTest {
    private RegistryState state = RegistryState.EMPTY;
    private List<WatchEvent> events = List.of();
    private int requests;

    private TxnResult apply(long term, List<Compare> when, List<Op> then, List<Op> otherwise) {
        return apply(term, new Txn("r" + requests++, when, then, otherwise));
    }

    private TxnResult apply(long term, Txn txn) {
        RegistryState.Applied applied = state.apply(term, state.index() + 1, txn);
        state = applied.state();
        events = applied.events();
        return applied.result();
    }

    private TxnResult apply(Op... ops) {
        return apply(1, List.of(), List.of(ops), List.of());
    }

    private boolean holds(long term, Compare... when) {
        return apply(term, List.of(when), List.of(), List.of()).applied();
    }

    @Test
    void aWriteGetsTheNextRevisionAndKeepsItsCreation() {
        assertEquals(new TxnResult(true, 1, 1), apply(new Op.Put("a", "1")));
        assertEquals(new TxnResult(true, 2, 1), apply(new Op.Put("a", "2"), new Op.Put("b", "x")));
        assertEquals(List.of(new Entry("a", "2", 1, 2, ""), new Entry("b", "x", 2, 2, "")), state.under(""));
        assertEquals(
                List.of(
                        new WatchEvent.Written(new Entry("a", "2", 1, 2, ""), 2),
                        new WatchEvent.Written(new Entry("b", "x", 2, 2, ""), 2)),
                events);
    }

    @Test
    void aTransactionWithoutOperationsChangesNoRevision() {
        apply(new Op.Put("a", "1"));
        assertEquals(new TxnResult(true, 1, 1), apply());
    }

    @Test
    void aPrefixFindsItsKeysInOrderAndNoOthers() {
        apply(new Op.Put("vms/b", ""), new Op.Put("vms/a", ""), new Op.Put("vms0", ""), new Op.Put("vm", ""));
        assertEquals(
                List.of("vms/a", "vms/b"),
                state.under("vms/").stream().map(Entry::key).toList());
    }

    @Test
    void conditionsCompareKeysRevisionsValuesTermsAndLeases() {
        apply(new Op.Put("k", "v"), new Op.LeaseRenew("l", 10));
        assertTrue(holds(1, new Compare.Absent("other")));
        assertFalse(holds(1, new Compare.Absent("k")));
        assertTrue(holds(1, new Compare.AtRevision("k", 1)));
        assertFalse(holds(1, new Compare.AtRevision("k", 2)));
        assertFalse(holds(1, new Compare.AtRevision("other", 0)));
        assertTrue(holds(1, new Compare.HasValue("k", "v")));
        assertFalse(holds(1, new Compare.HasValue("k", "w")));
        assertFalse(holds(1, new Compare.HasValue("other", "v")));
        assertTrue(holds(7, new Compare.InTerm(7)));
        assertFalse(holds(8, new Compare.InTerm(7)));
        assertTrue(holds(8, new Compare.LeaseAlive("l")));
        assertFalse(holds(8, new Compare.LeaseAlive("m")));
        assertTrue(holds(8, new Compare.LeaseDead("m")));
        assertFalse(holds(8, new Compare.LeaseDead("l")));
        assertTrue(holds(8, new Compare.LeaseAtRevision("l", 1)));
        assertFalse(holds(8, new Compare.LeaseAtRevision("l", 2)));
        assertFalse(holds(8, new Compare.LeaseAtRevision("m", 0)));
    }

    @Test
    void allConditionsMustHoldElseTheOtherBranchApplies() {
        apply(new Op.Put("k", "v"));
        TxnResult result = apply(
                1,
                List.of(new Compare.HasValue("k", "v"), new Compare.Absent("k")),
                List.of(new Op.Put("then", "")),
                List.of(new Op.Put("otherwise", "")));
        assertEquals(new TxnResult(false, 2, 1), result);
        assertTrue(state.get("then").isEmpty());
        assertTrue(state.get("otherwise").isPresent());
    }

    @Test
    void aRetriedRequestAppliesOnceAndAnswersTheSame() {
        Txn txn = new Txn("same", List.of(new Compare.Absent("k")), List.of(new Op.Put("k", "1")));
        TxnResult first = apply(1, txn);
        apply(new Op.Delete("k"));
        assertEquals(first, apply(2, txn));
        assertTrue(state.get("k").isEmpty());
        assertEquals(List.of(), events);
    }

    @Test
    void theWindowOfRememberedRequestsIsBounded() {
        Txn txn = new Txn("old", List.of(), List.of(new Op.Put("k", "1")));
        apply(1, txn);
        for (int i = 0; i < RegistryState.RESULT_WINDOW; i++) {
            apply();
        }
        assertEquals(RegistryState.RESULT_WINDOW, state.results().size());
        assertEquals(2, apply(1, txn).revision());
    }

    @Test
    void anEndedLeaseTakesItsKeysWithIt() {
        apply(new Op.LeaseRenew("l", 10), new Op.Put("a", "1", "l"), new Op.Put("b", "1", "l"), new Op.Put("c", "1"));
        apply(new Op.Put("b", "2"));
        apply(new Op.LeaseEnd("l", "why"));
        assertEquals(List.of("b", "c"), state.under("").stream().map(Entry::key).toList());
        assertEquals(List.of(new WatchEvent.Deleted("a", 3), new WatchEvent.LeaseEnded("l", "why", 3)), events);
        assertEquals(List.of(), state.leaseViews());
    }

    @Test
    void aRenewalMovesTheRevisionAndKeepsTheKeys() {
        apply(new Op.LeaseRenew("l", 10), new Op.Put("a", "1", "l"));
        apply(new Op.LeaseRenew("l", 20));
        assertEquals(List.of(new Registry.LeaseView("l", 20, 2)), state.leaseViews());
        apply(new Op.LeaseEnd("l", ""));
        assertTrue(state.get("a").isEmpty());
    }

    @Test
    void aKeyOfADeadLeaseIsRefusedWhole() {
        assertEquals(new TxnResult(false, 0, 1), apply(new Op.Put("x", ""), new Op.Put("a", "1", "l")));
        assertEquals(
                new TxnResult(false, 0, 1),
                apply(new Op.LeaseRenew("l", 5), new Op.LeaseEnd("l", ""), new Op.Put("a", "1", "l")));
        assertEquals(List.of(), state.under(""));
        assertEquals(List.of(), state.leaseViews());
    }

    @Test
    void endingADeadLeaseTellsNobody() {
        apply(new Op.LeaseEnd("l", "why"));
        assertEquals(List.of(), events);
    }

    @Test
    void anEntryIsNeverAppliedTwice() {
        state = state.apply(1, 5, new Txn("r", List.of(), List.of())).state();
        assertThrows(IllegalStateException.class, () -> state.apply(1, 5, new Txn("s", List.of(), List.of())));
    }
}
