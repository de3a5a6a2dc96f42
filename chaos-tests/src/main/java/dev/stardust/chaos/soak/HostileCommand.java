package dev.stardust.chaos.soak;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.report.MachineDescription;
import dev.stardust.chaos.report.Report;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The drivers are tests of hypervisor-native: they reach into its transports, so they run in a JVM of their own. */
@Command(
        name = "hostile",
        mixinStandardHelpOptions = true,
        description = "Drivers that do anything at all to each virtio device.")
final class HostileCommand implements Callable<Integer> {
    private static final String MAIN = "dev.stardust.hypervisor.virtio.HostileSoak";
    private static final int TIMEOUT_S = 6 * 3600;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "register accesses and chains a device (default 1000000)")
    private long steps;

    @Option(names = "--seed", paramLabel = "SEED", description = "repeats what the drivers of a run did")
    private Long seed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (steps < 1) {
            throw new ParameterException(spec.commandLine(), "--steps must be at least 1, not " + steps);
        }
        long used = seed != null ? seed : System.nanoTime() & 0xffff_ffffL;
        String machine = MachineDescription.text();
        HostileResults results = HostileResults.parse(External.run(TIMEOUT_S, command(used)));
        Report report = new Report(
                "soak-hostile",
                "Hostile drivers",
                "./stardust soak hostile --steps " + steps + " --seed " + used,
                System.out);
        report.add(machine);
        report.add("Each device is driven by a driver that does anything at all: registers and configuration at any"
                + " offset and of any width, status walks, features by chance, chains that loop, point anywhere, are"
                + " huge or are changed by another thread while they are served, on all its queues, pauses and restores"
                + " in between. RAM starts as zeros or as a base, between canaries. Every 200 steps the canaries must"
                + " be alive, every stop of the device must be one of the faults that name what the driver did, and"
                + " after a reset the device must serve a good request.");
        report.add(results.devices());
        report.add("Faults, by what the driver did (numbers as #):");
        report.add(results.faults());
        report.add(
                results.wrong().isEmpty()
                        ? "Nothing else happened."
                        : "Wrong:\n\n- " + String.join("\n- ", results.wrong()));
        report.write(Report.home());
        return results.wrong().isEmpty() ? 0 : ToolException.INTERNAL;
    }

    private List<String> command(long used) {
        Path tests = Report.home().resolve("hypervisor-native/target/test-classes");
        if (!Files.isDirectory(tests)) {
            throw new ToolException(
                    ToolException.REFUSED, tests + " is not there: build the tests by mvn -DskipTests package");
        }
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                "-cp",
                tests + File.pathSeparator + System.getProperty("java.class.path"),
                MAIN,
                Long.toString(steps),
                Long.toString(used));
    }
}
