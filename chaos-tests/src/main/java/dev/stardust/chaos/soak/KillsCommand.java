package dev.stardust.chaos.soak;

import dev.stardust.chaos.Teardown;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.fault.Extent;
import dev.stardust.chaos.fault.KillPlan;
import dev.stardust.chaos.fault.KillResult;
import dev.stardust.chaos.fault.MigrationKill;
import dev.stardust.chaos.fault.TestCluster;
import dev.stardust.chaos.fault.Victim;
import dev.stardust.chaos.report.MachineDescription;
import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Table;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "kills",
        mixinStandardHelpOptions = true,
        description = "Source, target and leader killed in the middle of migrations, as node process and as host.")
final class KillsCommand implements Callable<Integer> {
    private static final int NODES = 3;

    @Option(names = "--times", paramLabel = "N", defaultValue = "10", description = "each kill so often (default 10)")
    private int times;

    @Option(names = "--seed", paramLabel = "SEED", description = "repeats the points of the kills of a run")
    private Long seed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (times < 1) {
            throw new ParameterException(spec.commandLine(), "--times must be at least 1, not " + times);
        }
        long used = seed != null ? seed : System.nanoTime() & 0xffff_ffffL;
        String machine = MachineDescription.text();
        List<KillResult> results = new ArrayList<>();
        try (Teardown teardown = new Teardown()) {
            Path folder = Files.createTempDirectory("stardust-kills-");
            teardown.add(() -> LocalCluster.deleteTree(folder));
            TestCluster cluster = teardown.add(TestCluster.start(folder, NODES, used));
            MigrationKill kills = new MigrationKill(cluster);
            long copyMs = kills.calmMs("calm");
            Random random = new Random(used);
            for (int turn = 1; turn <= times; turn++) {
                killEverybody(kills, copyMs, random, results);
                // Whoever ends the soak early has a report of what was done.
                report(used, machine, copyMs, turn, results).write(Report.home());
            }
        }
        return results.stream().allMatch(r -> r.wrong().isEmpty()) ? 0 : ToolException.INTERNAL;
    }

    private static void killEverybody(MigrationKill kills, long copyMs, Random random, List<KillResult> results)
            throws IOException, InterruptedException {
        for (Victim victim : Victim.values()) {
            for (Extent extent : Extent.values()) {
                KillPlan plan = KillPlan.random("k" + (results.size() + 1), victim, extent, copyMs, random);
                KillResult result = kills.run(plan);
                results.add(result);
                System.out.println(plan + " -> " + result.outcome() + ", settled after " + result.settledMs() + " ms"
                        + (result.wrong().isEmpty() ? "" : ", WRONG: " + result.wrong()));
            }
        }
    }

    private static Report report(long used, String machine, long copyMs, int turns, List<KillResult> results) {
        Report report = new Report(
                "soak-kills",
                "Kills in the middle of migrations",
                "./stardust soak kills --times " + turns + " --seed " + used,
                System.out);
        report.add(machine);
        report.add("Three nodes on this machine. A VM of 256 MiB, 128 filled, 32 more rewritten at 60 MiB/s, writes"
                + " to its disk and is migrated; copying takes " + copyMs + " ms when nobody is killed. In the middle,"
                + " at a random point (two in five within 60 ms of the pause, around the commit), somebody is killed"
                + " by SIGKILL and started again at once; 30 s later at most all"
                + " must be right: one owner that all nodes agree on, at most one guest inside KVM_RUN at any sample"
                + " (every 5 ms), heartbeats without a gap or a twin, no error found by the guest, no vCPU thread or"
                + " file elsewhere, nothing paused, and no VM lost of which a complete copy survived.");
        tell(report, results);
        return report;
    }

    private static void tell(Report report, List<KillResult> results) {
        Table table = new Table(
                "killed",
                "times",
                "moved",
                "stayed",
                "taken back",
                "lost, as it must",
                "settled after, worst",
                "wrong");
        for (Victim victim : Victim.values()) {
            for (Extent extent : Extent.values()) {
                List<KillResult> of = results.stream()
                        .filter(r -> r.plan().victim() == victim && r.plan().extent() == extent)
                        .toList();
                table.row(
                        victim.name().toLowerCase(java.util.Locale.ROOT) + ", "
                                + extent.name().toLowerCase(java.util.Locale.ROOT),
                        Integer.toString(of.size()),
                        count(of, "running.* at epoch 2.*"),
                        count(of, "running.* at epoch 1.*"),
                        count(of, "running.* at epoch 3.*"),
                        count(of, "failed.*"),
                        of.stream().mapToLong(KillResult::settledMs).max().orElse(0) + " ms",
                        Long.toString(
                                of.stream().filter(r -> !r.wrong().isEmpty()).count()));
            }
        }
        report.add(table);
        List<String> wrong = results.stream()
                .filter(r -> !r.wrong().isEmpty())
                .map(r -> "- " + r.plan() + ": " + r.outcome() + ": " + String.join("; ", r.wrong()))
                .toList();
        report.add(wrong.isEmpty() ? "All was right." : "Wrong:\n\n" + String.join("\n", wrong));
    }

    private static String count(List<KillResult> results, String outcome) {
        return Long.toString(
                results.stream().filter(r -> r.outcome().matches(outcome)).count());
    }
}
