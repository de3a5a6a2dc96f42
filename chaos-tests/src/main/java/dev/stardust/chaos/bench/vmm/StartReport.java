package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.bench.vmm.StartBench.Figures;
import dev.stardust.chaos.report.Summary;
import dev.stardust.chaos.report.Table;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;

/** Tables of starts. */
final class StartReport {
    static final String METHOD = "From the order to the first line of serial output, 64 MiB of memory, the contenders"
            + " in turns. *Worker*: the order goes to a worker process that is there (confined, through its socket), as"
            + " a node gives it. *HTTP API*: the order goes to a whole node, with registry (two synced writes), scheduler"
            + " and the VM's files; what `stardust run` meets. *C VMM* (`benchmarks/cvmm`) and *QEMU*: from just before"
            + " their process is spawned, measured by a C program (`benchmarks/firstline`). The first "
            + StartBench.WARM_UP + " rounds do not count; *first* is the very first, for ours with the start of the"
            + " worker's JVM.";

    private StartReport() {}

    /** A row a contender; ratios are of medians. */
    static Table table(Map<String, Figures> results, String yardstick, String peer) {
        Table table = new Table("", "median ms", "best", "worst", "first", "of " + yardstick, "of " + peer);
        double base = median(results.get(yardstick));
        double other = median(results.get(peer));
        results.forEach((name, f) -> table.row(
                name,
                ms(median(f)),
                ms(Collections.min(f.us())),
                ms(Collections.max(f.us())),
                ms(f.firstUs()),
                ratio(median(f) / base),
                ratio(median(f) / other)));
        return table;
    }

    private static double median(Figures figures) {
        return Summary.of(figures.us()).median();
    }

    private static String ms(double us) {
        return String.format(Locale.ROOT, "%.2f", us / 1e3);
    }

    private static String ratio(double ratio) {
        return String.format(Locale.ROOT, "%.2f", ratio);
    }
}
