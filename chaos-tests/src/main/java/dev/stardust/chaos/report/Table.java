package dev.stardust.chaos.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A table that reads well on a terminal and is Markdown. Columns but the first are figures: right-aligned. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    public Table(String... titles) {
        rows.add(List.of(titles));
    }

    /** Adds a row; it must have as many cells as there are titles. */
    public Table row(String... cells) {
        if (cells.length != rows.get(0).size()) {
            throw new IllegalArgumentException(
                    cells.length + " cells for " + rows.get(0).size() + " columns");
        }
        rows.add(List.of(cells));
        return this;
    }

    @Override
    public String toString() {
        int columns = rows.get(0).size();
        int[] width = new int[columns];
        for (List<String> row : rows) {
            for (int c = 0; c < columns; c++) {
                width[c] = Math.max(width[c], Math.max(3, row.get(c).length()));
            }
        }
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            text.append(line(rows.get(r), width));
            if (r == 0) {
                text.append(rule(width));
            }
        }
        return text.toString();
    }

    private static String line(List<String> cells, int[] width) {
        List<String> padded = new ArrayList<>();
        for (int c = 0; c < width.length; c++) {
            padded.add(String.format(c == 0 ? "%-" + width[c] + "s" : "%" + width[c] + "s", cells.get(c)));
        }
        return padded.stream().collect(Collectors.joining(" | ", "| ", " |\n"));
    }

    private static String rule(int[] width) {
        StringBuilder text = new StringBuilder("|");
        for (int c = 0; c < width.length; c++) {
            text.append(c == 0 ? "-".repeat(width[c] + 2) : "-".repeat(width[c] + 1) + ":")
                    .append('|');
        }
        return text.append('\n').toString();
    }
}
