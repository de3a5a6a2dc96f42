package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Summary;
import dev.stardust.chaos.report.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What all rounds of all tools came to. */
final class StoreFigures {
    private static final String BORG = "borg";
    private static final double MB = 1e6;

    private final long logicalBytes;
    private final Map<String, List<Round>> rounds = new LinkedHashMap<>();

    /**
     * A round: all images ingested, and all restored.
     *
     * @param repositoryBytes of all files of the repository
     */
    record Round(Timing ingest, long repositoryBytes, Timing restore) {}

    StoreFigures(long logicalBytes) {
        this.logicalBytes = logicalBytes;
    }

    void add(String tool, Round round) {
        rounds.computeIfAbsent(tool, name -> new ArrayList<>()).add(round);
    }

    void addTo(Report report) {
        report.add(String.format(
                Locale.ROOT,
                "Four Debian images, %.0f MB in all, ingested one after another into an empty repository, then restored one"
                        + " after another and compared bit by bit; the tools in turns, medians of %d rounds, the files in"
                        + " the cache. A program's start counts; *resident* is a warm process, as a node.",
                logicalBytes / MB,
                rounds.values().stream().mapToInt(List::size).max().orElse(0)));
        Table table = new Table(
                "",
                "ingest MB/s",
                "of borg",
                "CPU s",
                "of borg",
                "repository MB",
                "of borg",
                "restore all, s",
                "of borg");
        for (String tool : rounds.keySet()) {
            double rate = logicalBytes / MB / median(tool, r -> r.ingest().wallS());
            table.row(
                    tool,
                    number("%.0f", rate),
                    number("%.2f", ofBorg(tool, r -> 1 / r.ingest().wallS())),
                    number("%.1f", median(tool, r -> r.ingest().cpuS())),
                    number("%.2f", ofBorg(tool, r -> r.ingest().cpuS())),
                    number("%.0f", median(tool, r -> r.repositoryBytes() / MB)),
                    number("%.2f", ofBorg(tool, Round::repositoryBytes)),
                    number("%.2f", median(tool, r -> r.restore().wallS())),
                    number("%.2f", ofBorg(tool, r -> r.restore().wallS())));
        }
        report.add(table);
    }

    private double median(String tool, ToDoubleFunction<Round> figure) {
        return Summary.of(rounds.get(tool).stream().map(figure::applyAsDouble).toList())
                .median();
    }

    private double ofBorg(String tool, ToDoubleFunction<Round> figure) {
        return rounds.keySet().stream()
                .filter(name -> name.startsWith(BORG))
                .findFirst()
                .map(borg -> median(tool, figure) / median(borg, figure))
                .orElse(Double.NaN);
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
    }
}
