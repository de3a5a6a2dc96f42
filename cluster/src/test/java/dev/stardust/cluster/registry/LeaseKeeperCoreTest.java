package dev.stardust.cluster.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.stardust.cluster.registry.LeaseKeeperCore.Effect;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeaseKeeperCoreTest {
    private static final long MS = 1_000_000;

    private int requests;
    private final LeaseKeeperCore core = new LeaseKeeperCore("l", "alive/h", "boot", 1000, () -> "r" + requests++);

    private Effect.Send send(long nowMs) {
        List<Effect> effects = core.tick(nowMs * MS);
        assertEquals(1, effects.size());
        return assertInstanceOf(Effect.Send.class, effects.get(0));
    }

    @Test
    void theFirstRequestGrantsAndLaterOnesRenewOnlyWhatWasGranted() {
        Effect.Send grant = send(0);
        assertEquals(
                List.of(new Op.LeaseRenew("l", 1000), new Op.Put("alive/h", "boot", "l")),
                grant.txn().then());
        core.answered(grant.attempt(), true);
        Effect.Send renewal = send(250);
        assertEquals(
                List.of(new Compare.LeaseAlive("l"), new Compare.HasValue("alive/h", "boot")),
                renewal.txn().when());
        assertEquals(List.of(new Op.LeaseRenew("l", 1000)), renewal.txn().then());
    }

    @Test
    void itSendsEveryQuarterOfTheTtlEvenWhenNothingAnswers() {
        send(0);
        assertEquals(List.of(), core.tick(249 * MS));
        send(250);
        send(500);
        assertEquals(List.of(), core.tick(501 * MS));
    }

    @Test
    void theLeaseIsCountedFromTheSendingNotFromTheAnswer() {
        Effect.Send grant = send(0);
        assertEquals(List.of(), core.tick(200 * MS));
        assertEquals(List.of(new Effect.Confirmed(1000 * MS)), core.answered(grant.attempt(), true));
    }

    @Test
    void answersInAnyOrderNeverMoveTheConfirmationBack() {
        core.answered(send(0).attempt(), true);
        Effect.Send early = send(250);
        Effect.Send late = send(500);
        assertEquals(List.of(new Effect.Confirmed(1500 * MS)), core.answered(late.attempt(), true));
        assertEquals(List.of(), core.answered(early.attempt(), true));
    }

    @Test
    void anUnknownOutcomeConfirmsNothing() {
        Effect.Send grant = send(0);
        core.failed(grant.attempt());
        assertEquals(List.of(), core.answered(grant.attempt(), true));
    }

    @Test
    void aRefusedRenewalIsTheLossOfTheLeaseAndANewOneIsAskedFor() {
        core.answered(send(0).attempt(), true);
        Effect.Send renewal = send(250);
        Effect.Send other = send(500);
        assertEquals(List.of(new Effect.Lost()), core.answered(renewal.attempt(), false));
        assertEquals(List.of(), core.answered(other.attempt(), true), "sent for the lost lease");
        Effect.Send again = send(501);
        assertEquals(List.of(), again.txn().when());
        assertEquals(List.of(new Effect.Confirmed(1501 * MS)), core.answered(again.attempt(), true));
    }
}
