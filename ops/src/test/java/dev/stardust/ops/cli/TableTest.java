package dev.stardust.ops.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class TableTest {
    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        StringWriter text = new StringWriter();
        new Table("NAME", "STATE").row("a", "running").row("long-name", null).print(new PrintWriter(text));
        assertEquals("NAME        STATE\na           running\nlong-name\n", text.toString());
    }

    @Test
    void durationsAndSizesAreForPeople() {
        assertEquals("", Units.duration(0));
        assertEquals("59s", Units.duration(59_999));
        assertEquals("1m1s", Units.duration(61_000));
        assertEquals("2h3m", Units.duration((2 * 3600 + 3 * 60) * 1000L));
        assertEquals("1.5 KiB", Units.bytes(1536));
        assertEquals("512.0 MiB", Units.bytes(512L << 20));
    }
}
