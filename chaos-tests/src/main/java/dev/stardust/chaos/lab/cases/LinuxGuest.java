package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.BootSpec.Protocol;
import dev.stardust.hypervisor.machine.MachineSpec;

/** The machine in which most cases run Debian's kernel. */
final class LinuxGuest {
    /** What the guests' first process says when it runs. */
    static final String UP = "INNER UP";

    static final int MEMORY_MIB = 256;

    private LinuxGuest() {}

    /** A machine of that name that boots the bzImage and runs the case's commands. */
    static MachineSpec spec(LabContext lab, String name) {
        return empty(lab, name)
                .withBoot(new BootSpec(
                        lab.files().bzImage(), lab.files().initramfs(), lab.commandLine(), Protocol.LINUX));
    }

    /** The same machine with nothing to boot, into which a saved state goes. */
    static MachineSpec empty(LabContext lab, String name) {
        return MachineSpec.of(name, MEMORY_MIB, lab.serialLog(name));
    }
}
