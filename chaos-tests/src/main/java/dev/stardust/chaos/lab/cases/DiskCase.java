package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.machine.MachineSpec;
import java.util.List;

/** Linux finds two disks with their serials, one of them read-only, and reads back after a sync what it wrote. */
final class DiskCase implements LinuxCase {
    private static final int DISK_BYTES = 16 << 20;

    @Override
    public String name() {
        return "disk";
    }

    @Override
    public String guestCommands() {
        return """
                load virtio_blk
                load virtio_mmio
                echo "serials: $(cat /sys/block/vda/serial) $(cat /sys/block/vdb/serial)"
                echo "read-only: $(cat /sys/block/vda/ro) $(cat /sys/block/vdb/ro)"
                dd if=/dev/urandom of=/tmp/data bs=64k count=32 2> /dev/null
                dd if=/tmp/data of=/dev/vda bs=64k seek=5 conv=fsync 2> /dev/null
                echo 3 > /proc/sys/vm/drop_caches
                [ "$(dd if=/dev/vda bs=64k skip=5 count=32 2> /dev/null | md5sum)" = "$(md5sum < /tmp/data)" ] &&
                  echo "read back: $(md5sum < /tmp/data)"
                dd if=/dev/zero of=/dev/vdb bs=4k count=1 2> /dev/null || echo "refused to write the read-only disk"
                """;
    }

    @Override
    public void run(LabContext lab) {
        MemoryDisk disk = new MemoryDisk(DISK_BYTES);
        LabGuest guest = lab.start(
                LinuxGuest.spec(lab, "linux")
                        .withDisks(List.of(
                                new MachineSpec.Disk("first-disk", false), new MachineSpec.Disk("second-disk", true))),
                disk,
                new MemoryDisk(DISK_BYTES));
        LabContext.check(
                guest.awaitLine("serials: ").equals("serials: first-disk second-disk"), "the serials are not as given");
        LabContext.check(guest.awaitLine("read-only: ").equals("read-only: 0 1"), "read-only is not as given");
        String digest = guest.awaitLine("read back: ").split(" ")[2];
        LabContext.check(disk.md5(5 << 16, 32 << 16).equals(digest), "the disk holds something else than Linux wrote");
        guest.awaitLine("refused to write the read-only disk");
        guest.awaitEnd();
    }
}
