package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.CdLoader;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** All cases, in the order in which they run. */
public final class LinuxCases {
    private static final List<LinuxCase> ALL = List.of(
            new HostKvmCase(),
            new TestGuestCase(),
            new BootCase("direct", Protocol.LINUX, GuestEnd.POWER_BUTTON),
            new BootCase("pvh", Protocol.PVH, GuestEnd.REBOOT),
            new BootCase("elf64", Protocol.ELF64, GuestEnd.PANIC),
            new ConsolesCase(),
            new DevicesCase(),
            new RootCase(),
            new AgentCase(),
            new SaveRestoreCase(),
            new NetworksCase(),
            new IsoFastCase("iso-fast", CdLoader.ISOLINUX, List.of("one", "two")),
            new IsoFastCase("iso-fast-grub", CdLoader.GRUB, List.of("two")),
            new IsoBiosCase("iso-bios", CdLoader.ISOLINUX, true),
            new IsoBiosCase("iso-bios-grub", CdLoader.GRUB, false),
            new SmpCase(),
            new LiveMigrationCase());

    /** Those that measure, or are for a power cut: no verdict of theirs is a test's. */
    private static final List<LinuxCase> OTHERS =
            List.of(new BootBench(), new IoBench(), new StoreCase(true), new StoreCase(false));

    private LinuxCases() {}

    /** The cases that need no disk or CD made for them, and nothing of a node. */
    public static List<LinuxCase> simple() {
        return withOneCpu(c -> c.cd().isEmpty() && !c.hasRoot() && !c.hasAgent() && !c.hasNodeParts());
    }

    /** The cases that have a CD or a root made for them. */
    public static List<LinuxCase> withDiscs() {
        return withOneCpu(c -> c.cd().isPresent() || c.hasRoot() || c.hasAgent());
    }

    /** The cases that use parts of a node. */
    public static List<LinuxCase> withNodeParts() {
        return withOneCpu(LinuxCase::hasNodeParts);
    }

    private static List<LinuxCase> withOneCpu(Predicate<LinuxCase> and) {
        return ALL.stream().filter(c -> c.labCpus() == 1 && and.test(c)).toList();
    }

    /** The cases whose lab has several CPUs. */
    public static List<LinuxCase> withSeveralCpus() {
        return ALL.stream().filter(c -> c.labCpus() > 1).toList();
    }

    /** The case of that name. */
    public static LinuxCase named(String name) {
        return Stream.concat(ALL.stream(), OTHERS.stream())
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no case " + name));
    }
}
