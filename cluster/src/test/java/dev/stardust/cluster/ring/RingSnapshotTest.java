package dev.stardust.cluster.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RingSnapshotTest {
    private static final RingSnapshot RING = new RingSnapshot(3, 2, new TreeMap<>(Map.of("b", 2, "a", 1)));

    @Test
    void jsonIsStable() {
        assertEquals("{\"epoch\":3,\"replication\":2,\"members\":{\"a\":1,\"b\":2}}", RING.toJson());
        assertEquals(RING, RingSnapshot.fromJson(RING.toJson()));
    }

    @Test
    void fieldsOfANewerVersionAreIgnored() {
        assertEquals(
                RING,
                RingSnapshot.fromJson("{\"epoch\":3,\"replication\":2,\"members\":{\"a\":1,\"b\":2},\"later\":true}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "{}",
                "{\"epoch\":0,\"replication\":2,\"members\":{\"a\":1}}",
                "{\"epoch\":1,\"replication\":0,\"members\":{\"a\":1}}",
                "{\"epoch\":1,\"replication\":1,\"members\":{}}",
                "{\"epoch\":1,\"replication\":1,\"members\":{\"a\":0}}",
                "{\"epoch\":1,\"replication\":1,\"members\":{\"a\":null}}",
                "{\"epoch\":1,\"replication\":1,\"members\":{\" \":1}}",
                "{\"epoch\":1,\"replication\":1,\"members\":{\"a\":1}"
            })
    void whatIsNoRingIsRefused(String json) {
        assertThrows(IllegalArgumentException.class, () -> RingSnapshot.fromJson(json));
    }

    @Test
    void changesRaiseTheEpochAndNonChangesDoNot() {
        assertSame(RING, RING.with("a", 1));
        assertSame(RING, RING.without("stranger"));
        assertEquals(4, RING.with("a", 5).epoch());
        assertEquals(4, RING.without("a").epoch());
        assertThrows(IllegalArgumentException.class, () -> RingSnapshot.first("a", 1, 2)
                .without("a"));
    }

    @Test
    void theViewTakesNewerRingsOnlyAndTellsThem() {
        RingView view = new RingView();
        assertTrue(view.current().isEmpty());
        assertTrue(view.update(RING));
        List<Long> told = new ArrayList<>();
        view.onChange(ring -> told.add(ring.epoch()));
        assertFalse(view.update(RING));
        assertTrue(view.update(RING.with("c", 1)));
        assertFalse(view.update(RING));
        assertEquals(List.of(3L, 4L), told);
        assertEquals(4, view.current().orElseThrow().epoch());
    }
}
