package dev.stardust.chaos.bench;

import dev.stardust.chaos.External;
import dev.stardust.chaos.Teardown;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.bench.MigrateBench.Result;
import dev.stardust.chaos.net.Network;
import dev.stardust.chaos.net.Network.Namespace;
import dev.stardust.chaos.report.MachineDescription;
import dev.stardust.chaos.report.Report;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "migrate",
        mixinStandardHelpOptions = true,
        description = "Live migration of a busy VM, plain and as a clone, beside QEMU's of the same guest. Needs root.")
final class MigrateCommand implements Callable<Integer> {
    private static final int VARIANT_SHARE = 5;
    private static final int QEMU_DEFAULT_DOWNTIME_MS = 300;
    private static final String OWN_STATUS = "/proc/self/status";

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "50", description = "migrations of each (default 50)")
    private int rounds;

    @Option(
            names = "--peers",
            paramLabel = "PEERS",
            defaultValue = "qemu",
            description = "whom to measure beside us: qemu (default) or none")
    private String peers;

    @Option(
            names = "--only-peers",
            description = "leave ourselves out: measures QEMU alone, writes no report",
            hidden = true)
    private boolean onlyPeers;

    @Option(
            names = "--downtime-ms",
            paramLabel = "MS",
            defaultValue = "20",
            description = "QEMU's downtime-limit (default 20)")
    private int downtimeMs;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        requirePrerequisites();
        Report report = new Report(
                "bench-migrate",
                "Live migration of a busy VM",
                "./stardust bench migrate --rounds " + rounds + (withQemu() ? "" : " --peers none"),
                System.out);
        report.add(MachineDescription.text() + (withQemu() ? " " + Microvm.version() + "." : ""));
        Map<String, Result> results;
        try (Teardown teardown = new Teardown()) {
            results = new MigrateBench(System.out).run(contenders(teardown));
        }
        report.add(MigrateReport.METHOD);
        report.add(MigrateReport.times(results));
        report.add(MigrateReport.bytes(results));
        if (withQemu()) {
            report.add("QEMU: `" + String.join(" ", Microvm.MACHINE) + "`, max-bandwidth 10 GB/s, downtime-limit "
                    + downtimeMs + " ms unless said otherwise.");
        }
        String complaints = MigrateReport.complaints(results);
        if (!complaints.isEmpty()) {
            report.add("Not right:\n\n" + complaints);
        }
        if (!onlyPeers) {
            report.write(Report.home());
        }
        return complaints.isEmpty() ? 0 : ToolException.INTERNAL;
    }

    private boolean withQemu() {
        return peers.equals("qemu");
    }

    private void requirePrerequisites() throws IOException {
        if (!withQemu() && !peers.equals("none")) {
            throw new ParameterException(spec.commandLine(), "--peers is qemu or none, not '" + peers + "'");
        }
        if (rounds < 1) {
            throw new ParameterException(spec.commandLine(), "--rounds must be at least 1, not " + rounds);
        }
        boolean root =
                Files.readAllLines(Path.of(OWN_STATUS)).stream().anyMatch(l -> l.matches("Uid:\\s+\\d+\\s+0\\s.*"));
        if (!root) {
            throw new ToolException(
                    ToolException.REFUSED,
                    "bench migrate gives each node its own network namespace, which needs root: run it with sudo");
        }
        for (String program : List.of("ip", "nsenter")) {
            if (!External.present(program)) {
                throw new ToolException(
                        ToolException.REFUSED, program + " is missing: apt-get install iproute2 util-linux");
            }
        }
        if (withQemu() && !External.present(Microvm.PROGRAM)) {
            throw new ToolException(
                    ToolException.REFUSED,
                    Microvm.PROGRAM + " is missing: apt-get install qemu-system-x86, or leave it out with"
                            + " --peers none");
        }
    }

    private Map<Contender, Integer> contenders(Teardown teardown) throws IOException {
        Path folder = Files.createTempDirectory("sdb-");
        teardown.add(() -> LocalCluster.deleteTree(folder));
        Path image = folder.resolve("image.raw");
        GuestSpec.writeDisk(image);
        Network network = teardown.add(Network.create("sdb", "10.213.0."));
        Map<Contender, Integer> all = new LinkedHashMap<>();
        if (!onlyPeers) {
            addOurs(all, network, folder, image, teardown);
        }
        if (withQemu()) {
            addQemu(all, network, folder, image);
        }
        // Last, so that guests are ended before their nodes and networks.
        all.keySet().forEach(c -> teardown.add(c::end));
        return all;
    }

    private void addOurs(Map<Contender, Integer> all, Network network, Path folder, Path image, Teardown teardown)
            throws IOException {
        List<Namespace> hosts = List.of(network.add("node-1"), network.add("node-2"), network.add("node-3"));
        StardustCluster cluster =
                teardown.add(new StardustCluster(Files.createDirectory(folder.resolve("cluster")), hosts));
        System.out.println("Starting three nodes, each in its own network namespace");
        cluster.form(image);
        System.out.println("Saving the base that clones start from");
        cluster.saveBase();
        all.put(new StardustContender(cluster, "Stardust, plain", false, folder.resolve("plain")), rounds);
        all.put(new StardustContender(cluster, "Stardust, clone", true, folder.resolve("clone")), rounds);
    }

    private void addQemu(Map<Contender, Integer> all, Network network, Path folder, Path image) throws IOException {
        List<Namespace> hosts = List.of(network.add("qemu-1"), network.add("qemu-2"));
        int khz = Microvm.tscKhz();
        int fewer = Math.max(1, rounds / VARIANT_SHARE);
        all.put(new QemuContender("QEMU", folder.resolve("q1"), image, hosts, khz, downtimeMs, false), rounds);
        all.put(
                new QemuContender(
                        "QEMU, 300 ms allowed",
                        folder.resolve("q2"),
                        image,
                        hosts,
                        khz,
                        QEMU_DEFAULT_DOWNTIME_MS,
                        false),
                fewer);
        all.put(
                new QemuContender("QEMU, multifd zstd", folder.resolve("q3"), image, hosts, khz, downtimeMs, true),
                fewer);
    }
}
