package dev.stardust.chaos.report;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;

/** A report: told to the terminal as it grows, kept as {@code docs/reports/NAME.md}. */
public final class Report {
    private final String name;
    private final PrintStream out;
    private final StringBuilder text = new StringBuilder();

    /**
     * An empty report.
     *
     * @param name of the file, without its ending
     * @param command what makes this report, for those who want to repeat it
     */
    public Report(String name, String title, String command, PrintStream out) {
        this.name = name;
        this.out = out;
        text.append("# ").append(title).append("\n\n");
        text.append("Made by `")
                .append(command)
                .append("` on ")
                .append(LocalDate.now(ZoneOffset.UTC))
                .append(".\n");
    }

    /** Adds a paragraph or a table. */
    public Report add(Object part) {
        String block = part.toString().stripTrailing() + "\n";
        text.append('\n').append(block);
        out.print("\n" + block);
        return this;
    }

    /** The whole text so far. */
    public String text() {
        return text.toString();
    }

    /** Writes the file below {@code home}; gives its path. */
    public Path write(Path home) {
        Path file = home.resolve("docs/reports/" + name + ".md");
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        out.println("\nreport: docs/reports/" + name + ".md");
        return file;
    }

    /** The project's folder, as the launcher tells it. */
    public static Path home() {
        return Path.of(System.getProperty("stardust.home", "."));
    }
}
