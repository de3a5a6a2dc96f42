package dev.stardust.migration.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.cbor.databind.CBORMapper;
import dev.stardust.migration.core.Attempt;
import dev.stardust.migration.core.MigrationPhase;
import dev.stardust.migration.core.PeerMessage;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PeerWireTest {
    private static final ObjectMapper CBOR = new CBORMapper();
    private static final Attempt ATTEMPT = new Attempt("id-1", "vm", "a", "b", 3);

    @Test
    void everyMessageComesOutAsItWentIn() throws IOException {
        for (PeerMessage message : List.of(
                new PeerMessage.Offer(ATTEMPT, "{}"),
                new PeerMessage.Accepted(ATTEMPT, "session"),
                new PeerMessage.Refused(ATTEMPT, "no room"),
                new PeerMessage.Beat(ATTEMPT, MigrationPhase.ROUNDS),
                new PeerMessage.Ask(ATTEMPT),
                new PeerMessage.Running(ATTEMPT),
                new PeerMessage.Gone(ATTEMPT, true, "worker died"),
                new PeerMessage.Gone(ATTEMPT, false, "never ran"),
                new PeerMessage.Aborted(ATTEMPT, "cancelled"))) {
            byte[] bytes = CBOR.writeValueAsBytes(PeerWire.of(message));
            assertEquals(
                    Optional.of(message), CBOR.readValue(bytes, PeerWire.class).message());
        }
    }

    @Test
    void whatANewerVersionSendsIsDroppedNotMisread() {
        assertEquals(Optional.empty(), new PeerWire("teleport", ATTEMPT, "", false, "").message());
        assertEquals(Optional.empty(), new PeerWire("beat", ATTEMPT, "", false, "FOLDING").message());
        assertEquals(Optional.empty(), new PeerWire("offer", null, "", false, "").message());
        assertEquals(Optional.empty(), new PeerWire(null, ATTEMPT, null, false, null).message());
    }
}
