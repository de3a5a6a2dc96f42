package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.CdLoader;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import java.util.List;
import java.util.stream.Stream;

/** All cases, in the order in which they run. */
public final class LinuxCases {
    private static final List<LinuxCase> ALL = List.of(
            new HostKvmCase(),
            new TestGuestCase(),
            new BootCase("direct", Protocol.LINUX),
            new BootCase("pvh", Protocol.PVH),
            new BootCase("elf64", Protocol.ELF64),
            new RebootCase(),
            new PanicCase(),
            new PowerButtonCase(),
            new ConsoleCase(),
            new TerminalCase(),
            new DiskCase(),
            new RootCase(),
            new RngCase(),
            new CdCase(),
            new BalloonCase(),
            new NetCase(),
            new VsockCase(),
            new SaveRestoreCase(),
            new IsoFastCase("iso-fast", CdLoader.ISOLINUX),
            new IsoFastCase("iso-fast-grub", CdLoader.GRUB),
            new SmpCase());

    /** Those that measure; no test runs them. */
    private static final List<LinuxCase> BENCHES = List.of(new BootBench(), new IoBench());

    private LinuxCases() {}

    /** The cases whose guests have one vCPU and no disk or CD made for them. */
    public static List<LinuxCase> withOneVcpu() {
        return ALL.stream()
                .filter(c -> c.vcpus() == 1 && c.cd().isEmpty() && !c.hasRoot())
                .toList();
    }

    /** The cases that have a CD or a root made for them. */
    public static List<LinuxCase> withDiscs() {
        return ALL.stream().filter(c -> c.cd().isPresent() || c.hasRoot()).toList();
    }

    /** The cases whose guests have several. */
    public static List<LinuxCase> withSeveralVcpus() {
        return ALL.stream().filter(c -> c.vcpus() > 1).toList();
    }

    /** The case of that name. */
    public static LinuxCase named(String name) {
        return Stream.concat(ALL.stream(), BENCHES.stream())
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no case " + name));
    }
}
