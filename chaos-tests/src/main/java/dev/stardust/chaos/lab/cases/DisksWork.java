package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.util.List;

/** Linux finds two disks with their serials, one of them read-only, and reads back after a sync what it wrote. */
final class DisksWork {
    private static final int DISK_BYTES = 16 << 20;

    static final String COMMANDS =
            """
            load virtio_blk
            echo "serials: $(cat /sys/block/vda/serial) $(cat /sys/block/vdb/serial)"
            echo "read-only: $(cat /sys/block/vda/ro) $(cat /sys/block/vdb/ro)"
            dd if=/dev/urandom of=/tmp/data bs=64k count=32 2> /dev/null
            dd if=/tmp/data of=/dev/vda bs=64k seek=5 conv=fsync 2> /dev/null
            echo 3 > /proc/sys/vm/drop_caches
            [ "$(dd if=/dev/vda bs=64k skip=5 count=32 2> /dev/null | md5sum)" = "$(md5sum < /tmp/data)" ] &&
              echo "disk read back: $(md5sum < /tmp/data)"
            dd if=/dev/zero of=/dev/vdb bs=4k count=1 2> /dev/null || echo "refused to write the read-only disk"
            """;

    private final MemoryDisk disk = new MemoryDisk(DISK_BYTES);

    /** Both, for {@link #disks}. */
    static List<MachineSpec.Disk> specs() {
        return List.of(new MachineSpec.Disk("first-disk", false), new MachineSpec.Disk("second-disk", true));
    }

    BlockBackend[] disks() {
        return new BlockBackend[] {disk, new MemoryDisk(DISK_BYTES)};
    }

    void check(LabGuest guest) {
        LabContext.check(
                guest.awaitLine("serials: ").equals("serials: first-disk second-disk"), "the serials are not as given");
        LabContext.check(guest.awaitLine("read-only: ").equals("read-only: 0 1"), "read-only is not as given");
        String digest = guest.awaitLine("disk read back: ").split(" ")[3];
        LabContext.check(disk.md5(5 << 16, 32 << 16).equals(digest), "the disk holds something else than Linux wrote");
        guest.awaitLine("refused to write the read-only disk");
    }
}
