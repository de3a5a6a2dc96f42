package dev.stardust.migration.core;

import static dev.stardust.migration.core.MigrationRouting.recovery;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.migration.core.MachineReport.Kind;
import dev.stardust.migration.core.MigrationRouting.Recovery;
import dev.stardust.migration.core.MigrationRouting.Route;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class MigrationRoutingTest {
    private static final Attempt ATTEMPT = new Attempt("id", "web", "A", "B", 1);
    private static final MigrationRecord OPEN = new MigrationRecord(ATTEMPT, MigrationRecord.State.OPEN);
    private static final MigrationRecord COMMITTED = new MigrationRecord(ATTEMPT, MigrationRecord.State.COMMITTED);

    @Test
    void messagesWithoutACoreMakeATargetOrAreDropped() {
        assertEquals(Route.NEW_TARGET, MigrationRouting.route(new PeerMessage.Offer(ATTEMPT, "{}"), false));
        assertEquals(Route.RECOVER_TARGET, MigrationRouting.route(new PeerMessage.Ask(ATTEMPT), false));
        assertEquals(Route.DROP, MigrationRouting.route(new PeerMessage.Running(ATTEMPT), false));
        assertEquals(Route.TO_CORE, MigrationRouting.route(new PeerMessage.Offer(ATTEMPT, "{}"), true));
    }

    @Test
    void onlyWhatWasLeftBehindIsRecovered() {
        assertEquals(Recovery.SOURCE, need("A", COMMITTED, Kind.PAUSED));
        assertEquals(Recovery.SOURCE, need("A", OPEN, Kind.RUNNING));
        assertEquals(Recovery.SOURCE, need("A", OPEN, Kind.NONE));
        assertEquals(Recovery.NONE, need("A", COMMITTED, Kind.NONE));
        assertEquals(Recovery.TARGET, need("B", COMMITTED, Kind.HELD));
        assertEquals(Recovery.TARGET, need("B", OPEN, Kind.INCOMING));
        assertEquals(Recovery.NONE, need("B", OPEN, Kind.NONE), "its offer may be on the way");
        assertEquals(Recovery.NONE, need("B", COMMITTED, Kind.RUNNING));
        assertEquals(
                Recovery.NONE,
                recovery("A", Optional.of(OPEN), new MachineReport(Kind.PAUSED, Optional.of(ATTEMPT)), true));
    }

    private static Recovery need(String self, MigrationRecord record, Kind kind) {
        return recovery(self, Optional.of(record), new MachineReport(kind, Optional.of(ATTEMPT)), false);
    }
}
