package dev.stardust.chaos.soak;

import dev.stardust.chaos.Teardown;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.report.MachineDescription;
import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Table;
import dev.stardust.ops.cli.Jobs;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.ops.demo.ProcessTable;
import dev.stardust.ops.demo.ProcessTable.Found;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "leases",
        mixinStandardHelpOptions = true,
        description = "Three idle nodes with an idle VM each, the second half under full CPU: no lease may end.")
final class LeasesCommand implements Callable<Integer> {
    private static final int NODES = 3;
    private static final int START_TIMEOUT_MS = 180_000;
    private static final int LOOK_MS = 1_000;
    private static final int SETTLE_MS = 10_000;
    private static final int HOGS = 2;

    @Option(names = "--minutes", paramLabel = "N", defaultValue = "10", description = "how long (default 10)")
    private int minutes;

    @Spec
    private CommandSpec spec;

    private final LeaseWatch watch = new LeaseWatch(NODES);

    /** One process of the cluster. */
    private record Watched(String name, int pid) {}

    /** What a process used in a half: share of one CPU in percent, memory at its end. */
    private record Use(double cpuPercent, long pssKib) {}

    @Override
    public Integer call() throws IOException {
        if (minutes < 1) {
            throw new ParameterException(spec.commandLine(), "--minutes must be at least 1, not " + minutes);
        }
        Report report = new Report(
                "soak-leases", "Leases of idle nodes", "./stardust soak leases --minutes " + minutes, System.out);
        report.add(MachineDescription.text());
        List<String> wrong;
        try (Teardown teardown = new Teardown()) {
            wrong = soak(teardown, report);
        }
        report.write(Report.home());
        return wrong.isEmpty() ? 0 : ToolException.INTERNAL;
    }

    private List<String> soak(Teardown teardown, Report report) throws IOException {
        Path folder = Files.createTempDirectory("stardust-leases-");
        teardown.add(() -> LocalCluster.deleteTree(folder));
        LocalCluster cluster = teardown.add(new LocalCluster(folder));
        int portBase = LocalCluster.freePortBase(NODES);
        for (int n = 1; n <= NODES; n++) {
            cluster.add(n, portBase);
        }
        cluster.form(START_TIMEOUT_MS);
        for (Member member : cluster.members()) {
            startIdleVm(cluster, member);
        }
        sleep(SETTLE_MS);
        List<Watched> processes = processes(cluster);
        long halfMs = TimeUnit.MINUTES.toMillis(minutes) / 2;
        Map<String, Use> idle = watchFor(cluster, processes, halfMs);
        CpuHog hog = teardown.add(new CpuHog());
        hog.start(HOGS);
        Map<String, Use> busy = watchFor(cluster, processes, halfMs);
        hog.close();

        report.add("Three nodes on this machine, one cluster, an idle VM (32 MiB) in its worker on each. The first "
                + minutes / 2.0 + " minutes nothing else runs by our doing; the other " + minutes / 2.0 + " " + HOGS
                + " busy loops do.");
        report.add(uses(idle, busy));
        List<String> wrong = wrong(cluster);
        report.add(wrong.isEmpty() ? "No lease ended." : "Wrong:\n\n- " + String.join("\n- ", wrong));
        report.add("Hosts asked for " + watch.looks() + " times, " + watch.notAnswered() + " times without an answer; "
                + late(cluster) + " renewals were not confirmed at the first try.");
        return wrong;
    }

    private static void startIdleVm(LocalCluster cluster, Member member) {
        String vm = "idle-" + member.name();
        var api = cluster.client(member);
        Jobs.await(
                api,
                api.post("/vms", Map.of("name", vm, "memory", "32MiB", "args", "rate_mibs=0", "host", member.name())),
                vm,
                state -> {});
        LocalCluster.await(vm + " works", START_TIMEOUT_MS, () -> GuestLog.read(member.serialLog(vm))
                .last()
                .isPresent());
    }

    private static List<Watched> processes(LocalCluster cluster) {
        List<Watched> all = new ArrayList<>();
        for (Member member : cluster.members()) {
            for (Found p : LocalCluster.nodeProcesses(member)) {
                all.add(new Watched(member.name(), p.pid()));
            }
            int number = 0;
            for (Found p : LocalCluster.workerProcesses(member)) {
                all.add(new Watched(member.name() + " worker " + ++number, p.pid()));
            }
        }
        return all;
    }

    private Map<String, Use> watchFor(LocalCluster cluster, List<Watched> processes, long ms) {
        Map<String, Long> before = new LinkedHashMap<>();
        processes.forEach(p -> before.put(p.name(), ProcessTable.cpuMs(p.pid())));
        long start = System.nanoTime();
        for (int i = 0; System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(ms); i++) {
            Member asked = cluster.members().get(i % NODES);
            try {
                watch.look(asked.name(), cluster.client(asked).get("/nodes"));
            } catch (RuntimeException e) {
                // The leases are judged, not the API: a node that is too busy to answer is counted apart.
                watch.unanswered();
            }
            sleep(LOOK_MS);
        }
        double passedMs = (System.nanoTime() - start) / 1e6;
        Map<String, Use> uses = new LinkedHashMap<>();
        processes.forEach(p -> uses.put(
                p.name(),
                new Use(
                        (ProcessTable.cpuMs(p.pid()) - before.get(p.name())) * 100 / passedMs,
                        ProcessUse.pssKib(p.pid()))));
        return uses;
    }

    private static Table uses(Map<String, Use> idle, Map<String, Use> busy) {
        Table table = new Table("", "CPU idle %", "CPU busy %", "PSS MiB idle", "PSS MiB busy");
        idle.forEach((name, i) -> {
            Use b = busy.get(name);
            table.row(
                    name,
                    String.format(Locale.ROOT, "%.1f", i.cpuPercent()),
                    String.format(Locale.ROOT, "%.1f", b.cpuPercent()),
                    String.format(Locale.ROOT, "%.0f", i.pssKib() / 1024.0),
                    String.format(Locale.ROOT, "%.0f", b.pssKib() / 1024.0));
        });
        return table;
    }

    private List<String> wrong(LocalCluster cluster) throws IOException {
        List<String> wrong = new ArrayList<>(watch.seen());
        for (Member member : cluster.members()) {
            LeaseWatch.ended(log(member)).forEach(l -> wrong.add(member.name() + " logged: " + l));
            if (LocalCluster.nodeProcesses(member).size() != 1
                    || LocalCluster.workerProcesses(member).isEmpty()) {
                wrong.add(member.name() + " has lost a process");
            }
        }
        return wrong;
    }

    private static long late(LocalCluster cluster) throws IOException {
        long late = 0;
        for (Member member : cluster.members()) {
            late += LeaseWatch.late(log(member));
        }
        return late;
    }

    private static List<String> log(Member member) throws IOException {
        return Files.readAllLines(member.data().resolve("node.log"), StandardCharsets.ISO_8859_1);
    }

    private static void sleep(int ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
