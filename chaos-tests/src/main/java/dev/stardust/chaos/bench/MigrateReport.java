package dev.stardust.chaos.bench;

import dev.stardust.chaos.bench.MigrateBench.Result;
import dev.stardust.chaos.report.Summary;
import dev.stardust.chaos.report.Table;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;

/** Tables of what the migrations came to: median and worst. */
final class MigrateReport {
    static final String METHOD = "One guest at a time is moved to and fro between two network namespaces on one bridge,"
            + " the contenders taking turns in blocks of five. The guest has " + GuestSpec.MEMORY_MIB
            + " MiB of memory, of which it fills 128 MiB (half of each page random) and rewrites 32 MiB at 100 MiB/s,"
            + " and writes its disk (" + GuestSpec.DISK_MIB
            + " MiB) at 256 KiB/s, reading each block back. It checks all"
            + " itself: \"right\" means no error, no heartbeat missing or twice, disk blocks read back since.\n\n"
            + "*Total* is what the mover reports, from order to end. *Downtime* is what the guest saw: the largest"
            + " time between two signs of life less the sleep asked for, from the last heartbeat before to the second"
            + " after; *quiet* is the same in the second before, the machine's own noise. *Wire* is what the source"
            + " sent, counted at its veth, less the idle traffic of the second before; *back* what it received."
            + " *RAM* and *disk* are what the mover sent of each. Stardust moves the blocks that the guest has written;"
            + " QEMU's two ends share the disk's file.";

    private MigrateReport() {}

    /** Times: a row a contender. */
    static Table times(Map<String, Result> results) {
        Table table = new Table(
                "", "right", "total ms", "worst", "downtime ms", "worst", "paused ms", "worst", "quiet ms", "worst");
        results.forEach((name, r) -> {
            Summary total = of(r, s -> s.moved().totalMs());
            Summary down = of(r, s -> s.verdict().gapUs());
            Summary paused = of(r, s -> s.moved().pausedUs());
            Summary quiet = of(r, s -> s.verdict().idleGapUs());
            table.row(
                    name,
                    r.right() + " of " + r.done(),
                    scaled(total.median(), 1, 0),
                    scaled(total.worst(), 1, 0),
                    scaled(down.median(), 1e3, 1),
                    scaled(down.worst(), 1e3, 1),
                    scaled(paused.median(), 1e3, 1),
                    scaled(paused.worst(), 1e3, 1),
                    scaled(quiet.median(), 1e3, 1),
                    scaled(quiet.worst(), 1e3, 1));
        });
        return table;
    }

    /** Bytes: a row a contender, in units of 1,000,000. */
    static Table bytes(Map<String, Result> results) {
        Table table = new Table("", "wire MB", "worst", "back MB", "worst", "RAM MB", "worst", "disk MB", "worst");
        results.forEach((name, r) -> {
            String[] cells = new String[9];
            cells[0] = name;
            List<ToLongFunction<Sample>> columns =
                    List.of(Sample::wireBytes, Sample::backBytes, s -> s.moved().ramBytes(), s -> s.moved()
                            .diskBytes());
            for (int c = 0; c < columns.size(); c++) {
                Summary summary = of(r, columns.get(c));
                cells[1 + 2 * c] = scaled(summary.median(), 1e6, 1);
                cells[2 + 2 * c] = scaled(summary.worst(), 1e6, 1);
            }
            table.row(cells);
        });
        return table;
    }

    /** What was not right, a line each; empty when all was. */
    static String complaints(Map<String, Result> results) {
        StringBuilder text = new StringBuilder();
        results.forEach((name, r) -> {
            r.failures.forEach(f ->
                    text.append("- ").append(name).append(" failed: ").append(f).append('\n'));
            r.samples.stream().filter(s -> !s.verdict().right()).forEach(s -> text.append("- ")
                    .append(name)
                    .append(": ")
                    .append(s.verdict().wrong())
                    .append('\n'));
        });
        return text.toString();
    }

    private static Summary of(Result result, ToLongFunction<Sample> figure) {
        return Summary.of(result.samples.stream().map(figure::applyAsLong).toList());
    }

    private static String scaled(double value, double unit, int digits) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + digits + "f", value / unit);
    }
}
