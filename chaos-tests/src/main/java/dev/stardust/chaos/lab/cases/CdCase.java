package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.scsi.ScsiDevice;
import java.util.List;

/** Linux finds the CD and reads all of it. */
final class CdCase implements LinuxCase {
    private static final int DISC_BYTES = 3 << 20;

    @Override
    public String name() {
        return "cd";
    }

    @Override
    public String guestCommands() {
        return """
                load virtio_mmio
                load virtio_scsi
                load sr_mod
                sleep 1
                echo "blocks: $(cat /sys/block/sr0/size) of 512 bytes"
                echo "read: $(md5sum < /dev/sr0)"
                """;
    }

    @Override
    public void run(LabContext lab) {
        MemoryDisk disc = new MemoryDisk(DISC_BYTES);
        disc.fillAtRandom(7);
        LabGuest guest =
                lab.start(LinuxGuest.spec(lab, "linux"), List.of(new DevicePart("cd", new ScsiDevice(disc, "disc"))));
        LabContext.check(
                guest.awaitLine("blocks: ").equals("blocks: " + DISC_BYTES / 512 + " of 512 bytes"), "another size");
        LabContext.check(
                guest.awaitLine("read: ").split(" ")[1].equals(disc.md5(0, DISC_BYTES)), "Linux read something else");
        guest.awaitEnd();
    }
}
