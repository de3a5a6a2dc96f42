package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.Teardown;
import dev.stardust.chaos.bench.Microvm;
import dev.stardust.chaos.report.Report;
import dev.stardust.vm.actor.TestGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** How long a guest takes from the order to its first line. */
final class StartPart {
    private final int rounds;

    StartPart(int rounds) {
        this.rounds = rounds;
    }

    void measure(Path parent, Report report, Teardown teardown) throws IOException {
        Path folder = Files.createDirectory(parent.resolve("start"));
        Path stopwatch = Programs.program("firstline", folder);
        Starter cvmm = ProcessStarter.cvmm(stopwatch, Programs.program("cvmm", folder, "-lpthread"));
        Starter qemu = ProcessStarter.qemu(stopwatch, Microvm.tscKhz());
        WorkerStarter worker = teardown.add(new WorkerStarter(folder.resolve("w")));
        Starter node = new NodeStarter(OneNode.start(folder.resolve("n"), teardown));
        StartBench bench = new StartBench(List.of(worker, node, cvmm, qemu), System.out);
        report.add("## Start");
        report.add(StartReport.METHOD);
        List<Guest> guests = List.of(
                new Guest("a guest that writes two bytes (`benchmarks/hello`)", Programs.hello(folder), ""),
                new Guest("the test guest", TestGuest.extract(folder), "rate_mibs=0"));
        for (Guest guest : guests) {
            Map<String, StartBench.Figures> results = bench.run(guest, rounds);
            report.add("Of " + guest.name() + ":");
            report.add(StartReport.table(results, cvmm.name(), qemu.name()));
        }
    }
}
