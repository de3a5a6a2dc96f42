package dev.stardust.migration.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.vm.actor.Placement;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.StringLength;

final class MigrationRecordTest {
    private static final Attempt ATTEMPT = new Attempt("id-1", "web", "A", "B", 7);

    @Example
    void valuesKeepTheirText() {
        assertEquals(
                "{\"attempt\":\"id-1\",\"source\":\"A\",\"target\":\"B\",\"epoch\":7,\"state\":\"open\"}",
                new MigrationRecord(ATTEMPT, MigrationRecord.State.OPEN).toJson());
        assertEquals("{\"host\":\"A\",\"epoch\":7}", new Placement("A", 7).toJson());
    }

    @Property
    void readsWhatItWrites(
            @ForAll @StringLength(min = 1, max = 20) String id,
            @ForAll @StringLength(min = 1, max = 20) String host,
            @ForAll @LongRange(min = 0) long epoch,
            @ForAll MigrationRecord.State state) {
        MigrationRecord record = new MigrationRecord(new Attempt(id, "web", host, host + "x", epoch), state);
        assertEquals(record, MigrationRecord.parse("web", record.toJson()));
        Placement placement = new Placement(host, epoch);
        assertEquals(placement, Placement.parse("web", placement.toJson()));
    }

    @Property
    void refusesAnythingElseWithAnError(@ForAll String text) {
        assertThrows(IllegalArgumentException.class, () -> MigrationRecord.parse("web", text));
        assertThrows(IllegalArgumentException.class, () -> Placement.parse("web", text));
    }

    @Example
    void errorsNameKeyAndField() {
        String noEpoch = "{\"attempt\":\"id\",\"source\":\"A\",\"target\":\"B\",\"epoch\":-1,\"state\":\"open\"}";
        String message = assertThrows(IllegalArgumentException.class, () -> MigrationRecord.parse("web", noEpoch))
                .getMessage();
        assertTrue(message.contains("migrations/web") && message.contains("epoch"), message);
        String state = noEpoch.replace("-1", "1").replace("open", "lost");
        message = assertThrows(IllegalArgumentException.class, () -> MigrationRecord.parse("web", state))
                .getMessage();
        assertTrue(message.contains("\"lost\""), message);
    }
}
