package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.scsi.ScsiDevice;
import java.io.IOException;
import java.util.List;

/** Linux that was started from a case's CD, and has it. */
final class CdGuest {
    /** Tells the command line, and reads the CD. */
    static final String COMMANDS =
            """
            echo "line: $(cat /proc/cmdline)"
            load virtio_mmio
            load virtio_scsi
            load sr_mod
            load isofs
            n=0
            while [ $n -lt 40 ] && [ ! -b /dev/sr0 ]; do
              n=$((n + 1))
              sleep 0.1
            done
            mkdir /mnt
            mount -t iso9660 -o ro /dev/sr0 /mnt
            echo "on the CD: $(cat /mnt/hello.txt)"
            """;

    private CdGuest() {}

    /** The drive with the case's CD. */
    static List<DevicePart> drive(LabContext lab) throws IOException {
        return List.of(new DevicePart("cd", new ScsiDevice(MemoryDisk.of(lab.cd()), "cd")));
    }

    /** Waits until all is seen to be as that entry of the CD would have it, and the guest has powered off. */
    static void check(LabContext lab, LabGuest guest, String entry) {
        guest.awaitLine(LinuxGuest.UP);
        lab.note(entry + " up after " + guest.machine().statusNow().uptimeMs() + " ms");
        LabContext.check(
                (guest.awaitLine("line: ") + " ").contains(" entry=" + entry + " "), // ISOLINUX adds words of its own
                "Linux was not started by entry " + entry);
        LabContext.check(
                guest.awaitLine("on the CD: ").equals("on the CD: hello from the CD"), "Linux does not read the CD");
        guest.awaitEnd();
    }
}
