package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.machine.DevicePart;
import java.io.IOException;
import java.util.List;

/** One Linux works with its devices, one after the other, and powers off. */
final class DevicesCase implements LinuxCase {
    @Override
    public String name() {
        return "devices";
    }

    @Override
    public String guestCommands() {
        return "load virtio_mmio\n"
                + DisksWork.COMMANDS
                + RngWork.COMMANDS
                + CdWork.COMMANDS
                + VsockWork.COMMANDS
                + BalloonWork.COMMANDS;
    }

    @Override
    public void run(LabContext lab) throws IOException {
        DisksWork disks = new DisksWork();
        try (VsockWork vsock = new VsockWork(lab)) {
            List<DeviceWork> works = List.of(new RngWork(), new CdWork(), vsock, new BalloonWork(lab));
            List<DevicePart> parts = works.stream().map(DeviceWork::part).toList();
            LabGuest guest =
                    lab.start(LinuxGuest.spec(lab, "linux").withDisks(DisksWork.specs()), parts, disks.disks());
            disks.check(guest);
            for (DeviceWork work : works) {
                work.check(guest);
            }
            String end = guest.awaitEnd().reason();
            LabContext.check(end.equals("guest powered off"), "it ended otherwise: " + end);
        }
    }
}
