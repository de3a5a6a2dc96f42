package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;

/** A reboot is seen as what it is. */
final class RebootCase implements LinuxCase {
    @Override
    public String name() {
        return "reboot";
    }

    @Override
    public String guestCommands() {
        return "reboot -f\n";
    }

    @Override
    public void run(LabContext lab) {
        LabGuest guest = lab.start(LinuxGuest.spec(lab, "linux"));
        String end = guest.awaitEnd().reason();
        LabContext.check(end.equals("guest asked for a reset"), "it ended otherwise: " + end);
    }
}
