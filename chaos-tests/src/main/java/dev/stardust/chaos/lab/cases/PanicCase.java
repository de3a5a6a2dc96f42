package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;

/** A panic of the guest's kernel is reported as a failure of the VM. */
final class PanicCase implements LinuxCase {
    @Override
    public String name() {
        return "panic";
    }

    @Override
    public String guestCommands() {
        return """
                load pvpanic_mmio
                echo c > /proc/sysrq-trigger
                """;
    }

    @Override
    public void run(LabContext lab) {
        LabGuest guest = lab.start(LinuxGuest.spec(lab, "linux"));
        MachineStatus end = guest.awaitOver();
        LabContext.check(
                end.phase() == Phase.FAILED && end.reason().equals("guest panicked"), "it ended otherwise: " + end);
    }
}
