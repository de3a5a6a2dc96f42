package dev.stardust.chaos.bench;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.report.MachineDescription;
import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Summary;
import dev.stardust.chaos.report.Table;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "exits",
        mixinStandardHelpOptions = true,
        description = "Round trip of an exit to user space: our VMM beside a C program.")
final class ExitsCommand implements Callable<Integer> {
    private static final String JAVA_MAIN = "dev.stardust.hypervisor.machine.ExitBench";
    private static final int RUN_TIMEOUT_S = 120;
    private static final Pattern FIGURE = Pattern.compile("(?m)^(?:c|java) exit_us=([0-9]{1,9}\\.[0-9]{1,3})$");

    @Option(names = "--runs", paramLabel = "N", defaultValue = "9", description = "runs of each (default 9)")
    private int runs;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (runs < 1) {
            throw new ParameterException(spec.commandLine(), "--runs must be at least 1, not " + runs);
        }
        Report report = new Report(
                "bench-exits", "Exit round trip: Java beside C", "./stardust bench exits --runs " + runs, System.out);
        report.add(MachineDescription.text());
        Path folder = Files.createTempDirectory("stardust-exits-");
        try {
            measure(folder, report);
        } finally {
            LocalCluster.deleteTree(folder);
        }
        report.write(Report.home());
        return 0;
    }

    private void measure(Path folder, Report report) {
        List<String> c = List.of(compile(folder));
        List<String> java = javaCommand();
        List<Double> cUs = new ArrayList<>();
        List<Double> javaUs = new ArrayList<>();
        Table each = new Table("run", "C us", "Java us");
        for (int run = 1; run <= runs; run++) {
            // In turns and each first in turn, so that a busy spell of the machine hits both.
            if (run % 2 == 1) {
                cUs.add(figure(External.run(RUN_TIMEOUT_S, c)));
                javaUs.add(figure(External.run(RUN_TIMEOUT_S, java)));
            } else {
                javaUs.add(figure(External.run(RUN_TIMEOUT_S, java)));
                cUs.add(figure(External.run(RUN_TIMEOUT_S, c)));
            }
            each.row(Integer.toString(run), us(cUs.get(run - 1)), us(javaUs.get(run - 1)));
        }
        report.add("A guest in 64-bit kernel mode does nothing but `out`; each exit goes to the program and back by"
                + " `KVM_RUN`. A run is 500 batches of 100 exits and counts its median batch; the two programs"
                + " run in turns. Sources: `benchmarks/exits/exits.c` and `ExitBench` of hypervisor-native.");
        report.add(each);
        Summary cs = Summary.of(cUs);
        Summary js = Summary.of(javaUs);
        report.add(new Table("", "median us", "worst run us")
                .row("C", us(cs.median()), us(cs.worst()))
                .row("Java", us(js.median()), us(js.worst())));
        report.add(String.format(Locale.ROOT, "Java / C: %.2f (of the medians).", js.median() / cs.median()));
    }

    private static String compile(Path folder) {
        String program = folder.resolve("exits").toString();
        Path source = Report.home().resolve("benchmarks/exits/exits.c");
        External.run(60, List.of("gcc", "-O2", "-Wall", "-Wextra", "-o", program, source.toString()));
        return program;
    }

    private static List<String> javaCommand() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                "-cp",
                System.getProperty("java.class.path"),
                JAVA_MAIN);
    }

    /** The figure in a program's output. */
    static double figure(String output) {
        Matcher found = FIGURE.matcher(output);
        if (!found.find()) {
            throw new ToolException(ToolException.INTERNAL, "no exit_us in: " + output.strip());
        }
        return Double.parseDouble(found.group(1));
    }

    private static String us(double us) {
        return String.format(Locale.ROOT, "%.2f", us);
    }
}
