package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.chaos.lab.Marker.Kind;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class MarkerTest {
    @Test
    void readsItsThreeKinds() {
        assertEquals(Optional.of(new Marker("direct", Kind.BEGIN, "")), Marker.parse("case direct begin"));
        assertEquals(Optional.of(new Marker("pvh-2", Kind.OK, "812 ms")), Marker.parse("case pvh-2 ok 812 ms\r"));
        assertEquals(
                Optional.of(new Marker("nel", Kind.OK, "\u0085x")),
                Marker.parse("case nel ok \u0085x"),
                "not a line's end");
        assertEquals(
                Optional.of(new Marker("elf", Kind.FAILED, "9 ms: no INNER UP")),
                Marker.parse("case elf FAILED 9 ms: no INNER UP"));
    }

    @Test
    void whatGuestsAndKernelsPrintIsNone() {
        for (String line : new String[] {
            "| case direct ok",
            "[    1.2] case direct ok",
            "case direct",
            "case direct okay",
            "case Direct ok",
            "",
            "case  ok"
        }) {
            assertEquals(Optional.empty(), Marker.parse(line), line);
        }
    }

    @Property
    void whatIsPrintedIsRead(
            @ForAll @CharRange(from = 'a', to = 'z') @StringLength(min = 1, max = 9) String name,
            @ForAll Kind kind,
            @ForAll String detail) {
        Marker marker = new Marker(name, kind, detail);
        assertEquals(Optional.of(marker), Marker.parse(marker.line()));
    }

    @Property
    void anyLineIsTaken(@ForAll String line) {
        Marker.parse(line).ifPresent(m -> assertEquals(Optional.of(m), Marker.parse(m.line())));
    }
}
