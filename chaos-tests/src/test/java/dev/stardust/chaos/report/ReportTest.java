package dev.stardust.chaos.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    @Test
    void aTableIsMarkdownInColumns() {
        String table =
                new Table("", "ms").row("plain", "12345").row("clone", "7").toString();
        assertEquals(
                """
                |       |    ms |
                |-------|------:|
                | plain | 12345 |
                | clone |     7 |
                """,
                table);
    }

    @Test
    void aRowWithTheWrongNumberOfCellsIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Table("a", "b").row("1"));
    }

    @Test
    void whatIsToldIsAlsoKept(@TempDir Path home) throws IOException {
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(told, true, StandardCharsets.UTF_8);
        Path file = new Report("a-name", "A title", "a command", out)
                .add("A figure: 3")
                .write(home);
        String kept = Files.readString(file);
        assertTrue(kept.startsWith("# A title\n\nMade by `a command` on "), kept);
        assertTrue(kept.endsWith("\nA figure: 3\n"), kept);
        assertTrue(told.toString(StandardCharsets.UTF_8).contains("A figure: 3\n"));
        assertEquals(home.resolve("docs/reports/a-name.md"), file);
    }

    @Test
    void theMachineIsDescribedWithoutItsFolders() {
        String text = MachineDescription.text();
        assertTrue(text.contains(" CPUs, ") && text.contains(" GiB of memory"), text);
        assertTrue(!text.contains("unknown"), text);
        assertTrue(!text.contains(" /"), text);
    }
}
