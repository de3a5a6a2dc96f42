package dev.stardust.cluster.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LeaseExpirerCoreTest {
    private static final long MS = 1_000_000;
    private static final OptionalLong TERM = OptionalLong.of(3);

    private int requests;
    private final LeaseExpirerCore core = new LeaseExpirerCore(100, 400, () -> "r" + requests++);

    private List<String> ended(long nowMs, OptionalLong term, Registry.LeaseView... leases) {
        return core.tick(nowMs * MS, term, List.of(leases)).stream()
                .map(txn -> ((Op.LeaseEnd) txn.then().get(0)).lease())
                .toList();
    }

    private static Registry.LeaseView lease(String id, long renewRevision) {
        return new Registry.LeaseView(id, 1000, renewRevision);
    }

    private List<String> wait(long fromMs, long untilMs, OptionalLong term, Registry.LeaseView... leases) {
        for (long t = fromMs; t < untilMs; t += 100) {
            assertEquals(List.of(), ended(t, term, leases), "at " + t);
        }
        return ended(untilMs, term, leases);
    }

    @Test
    void aLeaseEndsAfterItsTtlAndTheMarginByAConditionalTransaction() {
        assertEquals(List.of(), wait(0, 1000, TERM, lease("a", 7)));
        List<Txn> ends = core.tick(1100 * MS, TERM, List.of(lease("a", 7)));
        assertEquals(
                List.of(new Compare.InTerm(3), new Compare.LeaseAtRevision("a", 7)),
                ends.get(0).when());
        assertEquals(
                List.of(new Op.LeaseEnd("a", "not renewed for 1000 + 100 ms")),
                ends.get(0).then());
    }

    @Test
    void aRenewedLeaseLives() {
        wait(0, 1000, TERM, lease("a", 7), lease("b", 7));
        assertEquals(List.of("b"), ended(1100, TERM, lease("a", 8), lease("b", 7)));
        assertEquals(List.of("a"), wait(1200, 2200, TERM, lease("a", 8)));
    }

    @Test
    void aNewTermGrantsEveryLeaseItsWholeTimeAgain() {
        wait(0, 1000, TERM, lease("a", 7));
        OptionalLong next = OptionalLong.of(4);
        assertEquals(List.of(), wait(1100, 2100, next, lease("a", 7)));
        assertEquals(List.of("a"), ended(2200, next, lease("a", 7)));
    }

    @Test
    void whoDoesNotLeadEndsNothing() {
        assertEquals(List.of(), wait(0, 5000, OptionalLong.empty(), lease("a", 7)));
        assertEquals(List.of(), wait(5100, 6100, TERM, lease("a", 7)));
    }

    @Test
    void aLeaderThatWasStoppedGrantsEveryLeaseItsWholeTimeAgain() {
        wait(0, 1000, TERM, lease("a", 7));
        assertEquals(List.of(), wait(20_000, 21_000, TERM, lease("a", 7)));
        assertEquals(List.of("a"), ended(21_100, TERM, lease("a", 7)));
    }

    @Test
    void anEndThatWasNotCommittedIsAskedForAgain() {
        assertEquals(List.of("a"), wait(0, 1100, TERM, lease("a", 7)));
        assertEquals(List.of("a"), wait(1200, 2300, TERM, lease("a", 7)));
    }

    @Test
    void aLeaseGrantedAnewAfterItsEndIsSeenAnew() {
        assertEquals(List.of("a"), wait(0, 1100, TERM, lease("a", 7)));
        ended(1200, TERM);
        assertEquals(List.of("a"), wait(1300, 2400, TERM, lease("a", 9)));
    }
}
