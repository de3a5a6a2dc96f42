package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.report.Summary;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Figures of disk and network, as a case noted them.
 *
 * @param byKey the figures by contender and word, with a blank between
 */
record IoFigures(Map<String, List<Double>> byKey) {
    private static final Pattern FIGURE =
            Pattern.compile("(?:^|, )([a-z]+ [a-z_]+)=(\\d{1,12}(?:\\.\\d{1,6})?)(?=,|$)");

    /** Reads {@code NAME WORD=N, ...}; other words between commas are left alone. */
    static IoFigures parse(String notes) {
        Map<String, List<Double>> byKey = new TreeMap<>();
        Matcher m = FIGURE.matcher(notes);
        while (m.find()) {
            byKey.computeIfAbsent(m.group(1), key -> new ArrayList<>()).add(Double.parseDouble(m.group(2)));
        }
        return new IoFigures(byKey);
    }

    /** The median of a contender's figures of that word. */
    double median(String contender, String word) {
        List<Double> figures = byKey.getOrDefault(contender + " " + word, List.of());
        if (figures.isEmpty()) {
            throw new ToolException(ToolException.INTERNAL, "the lab told of no " + word + " by " + contender);
        }
        return Summary.of(figures).median();
    }
}
