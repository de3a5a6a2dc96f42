package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.External;
import dev.stardust.chaos.Teardown;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.bench.Microvm;
import dev.stardust.chaos.report.MachineDescription;
import dev.stardust.chaos.report.Report;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code stardust bench vmm}. */
@Command(
        name = "vmm",
        mixinStandardHelpOptions = true,
        description = "Our VMM beside a C program's and QEMU's: start, memory a VM, boot of Linux, disk and network.")
public final class VmmCommand implements Callable<Integer> {
    private static final int MAX_VMS = 250;

    /** What there is to measure. */
    enum Part {
        START,
        MEMORY,
        BOOT,
        IO
    }

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "30", description = "starts of each (default 30)")
    private int rounds;

    @Option(
            names = "--vms",
            paramLabel = "N",
            defaultValue = "200",
            description = "VMs whose memory is measured (default 200)")
    private int vms;

    @Option(
            names = "--parts",
            paramLabel = "PARTS",
            split = ",",
            description = "which parts, with commas between them: start, memory, boot, io (default: all)")
    private List<String> parts;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Set<Part> wanted = wanted();
        requirePrerequisites(wanted);
        String command = "./stardust bench vmm --rounds " + rounds + " --vms " + vms
                + (parts == null ? "" : " --parts " + String.join(",", parts));
        Report report = new Report("bench-vmm", "The VMM beside its peers", command, System.out);
        report.add(MachineDescription.text() + " " + Microvm.version() + ".");
        try (Teardown teardown = new Teardown()) {
            Path folder = Files.createTempDirectory("sdv-");
            teardown.add(() -> LocalCluster.deleteTree(folder));
            if (wanted.contains(Part.START)) {
                new StartPart(rounds).measure(folder, report, teardown);
            }
            if (wanted.contains(Part.MEMORY)) {
                new MemoryPart(vms).measure(folder, report, teardown);
            }
            if (wanted.contains(Part.BOOT)) {
                new BootPart().measure(folder, report);
            }
            if (wanted.contains(Part.IO)) {
                new IoPart().measure(folder, report);
            }
        }
        report.write(Report.home());
        return 0;
    }

    private Set<Part> wanted() {
        if (rounds < 1) {
            throw new ParameterException(spec.commandLine(), "--rounds must be at least 1, not " + rounds);
        }
        if (vms < 1 || vms > MAX_VMS) {
            throw new ParameterException(spec.commandLine(), "--vms is 1 to " + MAX_VMS + ", not " + vms);
        }
        if (parts == null) {
            return EnumSet.allOf(Part.class);
        }
        Set<Part> wanted = EnumSet.noneOf(Part.class);
        for (String part : parts) {
            try {
                wanted.add(Part.valueOf(part.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                throw new ParameterException(
                        spec.commandLine(), "--parts knows start, memory, boot and io, not '" + part + "'", e);
            }
        }
        return wanted;
    }

    /** Program to Debian packages. */
    private static Map<String, String> programs(Set<Part> wanted) {
        Map<String, String> all = new TreeMap<>(Map.of("gcc", "gcc libc6-dev", Microvm.PROGRAM, "qemu-system-x86"));
        if (wanted.contains(Part.BOOT) || wanted.contains(Part.IO)) {
            all.put("setpriv", "util-linux");
        }
        if (wanted.contains(Part.IO)) {
            all.putAll(Map.of("fio", "fio", "iperf3", "iperf3"));
        }
        return all;
    }

    private static void requirePrerequisites(Set<Part> wanted) {
        programs(wanted).forEach((program, debian) -> {
            if (!External.present(program)) {
                throw new ToolException(
                        ToolException.REFUSED,
                        program + " is missing: sudo apt-get install --no-install-recommends " + debian);
            }
        });
    }
}
