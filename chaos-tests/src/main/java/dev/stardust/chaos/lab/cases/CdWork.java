package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.scsi.ScsiDevice;

/** Linux finds the CD and reads all of it. */
final class CdWork implements DeviceWork {
    private static final int DISC_BYTES = 3 << 20;

    static final String COMMANDS =
            """
            load virtio_scsi
            load sr_mod
            n=0
            while [ $n -lt 40 ] && [ ! -b /dev/sr0 ]; do
              n=$((n + 1))
              sleep 0.1
            done
            echo "cd blocks: $(cat /sys/block/sr0/size) of 512 bytes"
            echo "cd read: $(md5sum < /dev/sr0)"
            """;

    private final MemoryDisk disc = new MemoryDisk(DISC_BYTES);

    CdWork() {
        disc.fillAtRandom(7);
    }

    @Override
    public DevicePart part() {
        return new DevicePart("cd", new ScsiDevice(disc, "disc"));
    }

    @Override
    public void check(LabGuest guest) {
        LabContext.check(
                guest.awaitLine("cd blocks: ").equals("cd blocks: " + DISC_BYTES / 512 + " of 512 bytes"),
                "another size");
        LabContext.check(
                guest.awaitLine("cd read: ").split(" ")[2].equals(disc.md5(0, DISC_BYTES)),
                "Linux read something else");
    }
}
