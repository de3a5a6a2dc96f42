package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.External;
import dev.stardust.chaos.Teardown;
import dev.stardust.chaos.bench.Microvm;
import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Table;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.cli.Jobs;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.ops.demo.ProcessTable.Found;
import dev.stardust.vm.actor.TestGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** What memory a VM costs besides its guest's. */
final class MemoryPart {
    private static final int MEMORY_MIB = 16;

    /** Peers have a process for each VM, so that fewer tell as much. */
    private static final int PEER_VMS = 20;

    private static final String ARGS = "rate_mibs=0 hb_ms=10000 check_s=100000";
    private static final int READY_TIMEOUT_MS = 120_000;

    /** The nodes' and the kernel's own work for the start is over then. */
    private static final int SETTLE_S = 10;

    private static final String METHOD = "Idle VMs of " + MEMORY_MIB + " MiB with the test guest; ours all on one node,"
            + " started by one deployment, the peers' each in a process of its own. *Own* is the processes' memory"
            + " (PSS) without guest RAM, a VM; *guest* is guest RAM that was touched. *Machine* is by how much"
            + " MemAvailable fell, a VM, without guest RAM: what own memory does not show of it is the kernel's (KVM,"
            + " page tables, threads) and, for ours, the growth of the node process. It is a figure of the whole machine: where others"
            + " use it too, it tells only of many VMs.";

    private final int vms;

    MemoryPart(int vms) {
        this.vms = vms;
    }

    void measure(Path parent, Report report, Teardown teardown) throws IOException {
        Path folder = Files.createDirectory(parent.resolve("memory"));
        Map<String, MemoryUse> results = new LinkedHashMap<>();
        results.put("Stardust", ours(folder, teardown));
        Guest guest = new Guest("the test guest", TestGuest.extract(folder), ARGS);
        Path cvmm = Programs.program("cvmm", folder, "-lpthread");
        List<String> inC = List.of(
                cvmm.toString(),
                "-m",
                Integer.toString(MEMORY_MIB),
                "-a",
                ARGS,
                guest.kernel().toString());
        results.put("C VMM", peers("cvmm", inC, folder));
        results.put("QEMU microvm", peers("qemu", ProcessStarter.qemu(guest, MEMORY_MIB, Microvm.tscKhz()), folder));
        report.add("## Memory");
        report.add(METHOD);
        report.add(table(results));
    }

    private MemoryUse ours(Path folder, Teardown teardown) throws IOException {
        LocalCluster cluster = OneNode.start(folder.resolve("n"), teardown);
        Member node = cluster.members().get(0);
        settle();
        long before = MemoryUse.availableNowKib();
        ApiClient client = cluster.client(node);
        String deployment = String.join(
                "\n",
                "name: many",
                "vms:",
                "  - name: vm",
                "    count: " + vms,
                "    memory: " + MEMORY_MIB + "MiB",
                "    args: \"" + ARGS + "\"",
                "");
        Jobs.await(
                client,
                client.postText("/deployments", deployment, Map.of("Content-Type", "application/yaml")),
                vms + " VMs",
                state -> {});
        List<Path> logs = new ArrayList<>();
        for (int i = 1; i <= vms; i++) {
            logs.add(node.serialLog("vm-" + i));
        }
        awaitReady(logs);
        long used = before - MemoryUse.availableNowKib();
        Smaps memory = Smaps.NONE;
        List<Found> workers = LocalCluster.workerProcesses(node);
        for (Found worker : workers) {
            memory = memory.plus(Smaps.of(worker.pid(), m -> m.name().startsWith("/memfd:stardust-guest")));
        }
        MemoryUse use = new MemoryUse(vms, workers.size(), memory, used);
        cluster.close();
        return use;
    }

    private static MemoryUse peers(String name, List<String> command, Path folder) throws IOException {
        settle();
        long before = MemoryUse.availableNowKib();
        List<Process> processes = new ArrayList<>();
        List<Path> logs = new ArrayList<>();
        try (Teardown teardown = new Teardown()) {
            for (int i = 0; i < PEER_VMS; i++) {
                Path log = folder.resolve(name + "-" + i + ".log");
                Process process = new ProcessBuilder(command)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(log.toFile())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                teardown.add(() -> External.end(process));
                processes.add(process);
                logs.add(log);
            }
            awaitReady(logs);
            long used = before - MemoryUse.availableNowKib();
            // Their RAM is one mapping; the kernel may have made it one with a neighbour.
            Predicate<Smaps.Mapping> isRam = m -> m.name().isEmpty() && m.sizeBytes() >= (long) MEMORY_MIB << 20;
            Smaps memory = Smaps.NONE;
            for (Process process : processes) {
                memory = memory.plus(Smaps.of(process.pid(), isRam));
            }
            return new MemoryUse(PEER_VMS, PEER_VMS, memory, used);
        }
    }

    private static void awaitReady(List<Path> logs) {
        LocalCluster.await("all guests work", READY_TIMEOUT_MS, () -> logs.stream()
                .allMatch(log -> GuestLog.read(log).ready()));
        settle();
    }

    private static void settle() {
        try {
            TimeUnit.SECONDS.sleep(SETTLE_S);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    static Table table(Map<String, MemoryUse> results) {
        Table table = new Table("KiB a VM", "VMs", "processes", "own", "machine", "guest");
        results.forEach((name, use) -> table.row(
                name,
                Integer.toString(use.vms()),
                Integer.toString(use.processes()),
                kib(use.ownKib()),
                kib(use.machineKib()),
                kib(use.guestKib())));
        return table;
    }

    private static String kib(double kib) {
        return String.format(Locale.ROOT, "%.0f", kib);
    }
}
