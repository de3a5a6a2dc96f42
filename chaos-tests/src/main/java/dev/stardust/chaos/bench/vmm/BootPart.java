package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.bench.vmm.Boots.Boot;
import dev.stardust.chaos.lab.LabBench;
import dev.stardust.chaos.lab.cases.BootBench;
import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Summary;
import dev.stardust.chaos.report.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** How long an unmodified Linux takes to boot, and with how many exits. */
final class BootPart {
    private static final String METHOD =
            "Debian's kernel (bzImage, quiet) with the initramfs of `docs/lab.md`, 256 MiB,"
                    + " one vCPU, from the first KVM_RUN to the first process's first word; the contenders in turns, in one boot"
                    + " of the lab. The C program is `benchmarks/linuxvmm`: private memory, in which the kernel may use huge"
                    + " pages, or a memfd as ours. The first boot of each does not count: in ours much of the JVM is not yet"
                    + " compiled.";

    /** The names of {@link BootBench#NAMES} for the report. */
    private static final Map<String, String> TITLES = titles();

    private static Map<String, String> titles() {
        Map<String, String> titles = new LinkedHashMap<>();
        titles.put("stardust", "Stardust");
        titles.put("c", "C");
        titles.put("c-memfd", "C, memfd");
        return titles;
    }

    void measure(Path parent, Report report) throws IOException {
        Path folder = Files.createDirectory(parent.resolve("boot"));
        Path program = Programs.program(BootBench.PROGRAM, folder, "-static");
        try (LabBench bench =
                new LabBench("bench-boot", Files.createDirectory(folder.resolve("lab")), List.of(program))) {
            report.add("## Boot of Linux");
            report.add(METHOD + " Guests ran in " + bench.place() + ".");
            report.add(table(Boots.parse(bench.run())));
        }
    }

    static Table table(Boots boots) {
        Table table = new Table("", "boots", "median ms", "best", "worst", "first", "of C", "exits");
        double yardstick = median(counted(boots, "c"), Boot::upUs);
        TITLES.forEach((name, title) -> {
            List<Boot> counted = counted(boots, name);
            table.row(
                    title,
                    Integer.toString(counted.size()),
                    ms(median(counted, Boot::upUs)),
                    ms(counted.stream().mapToDouble(Boot::upUs).min().orElseThrow()),
                    ms(counted.stream().mapToDouble(Boot::upUs).max().orElseThrow()),
                    ms(boots.of(name).get(0).upUs()),
                    String.format(Locale.ROOT, "%.2f", median(counted, Boot::upUs) / yardstick),
                    String.format(Locale.ROOT, "%.0f", median(counted, Boot::exits)));
        });
        return table;
    }

    private static List<Boot> counted(Boots boots, String name) {
        List<Boot> all = boots.of(name);
        return all.subList(1, all.size());
    }

    private static double median(List<Boot> boots, ToDoubleFunction<Boot> figure) {
        return Summary.of(boots.stream().map(figure::applyAsDouble).toList()).median();
    }

    private static String ms(double us) {
        return String.format(Locale.ROOT, "%.0f", us / 1e3);
    }
}
