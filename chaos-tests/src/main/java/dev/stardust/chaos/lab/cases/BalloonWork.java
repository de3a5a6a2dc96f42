package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.balloon.BalloonDevice;
import dev.stardust.hypervisor.virtio.balloon.BalloonSettings;

/** What Linux gives into the balloon the host has back. */
final class BalloonWork implements DeviceWork {
    private static final long MIB = 1 << 20;
    private static final long TARGET_BYTES = 50 * MIB;

    /** The host first must hold the memory that it is to get back: files are written and removed. */
    static final String COMMANDS =
            """
            load virtio_balloon
            dd if=/dev/zero of=/tmp/fill bs=1M count=60 2> /dev/null
            rm /tmp/fill
            available() { sed -n 's/MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo; }
            least=$(($(available) - 48000))
            echo "balloon: filled"
            n=0
            while [ $n -lt 80 ] && [ "$(available)" -gt $least ]; do
              n=$((n + 1))
              sleep 0.25
            done
            echo "balloon: $(available) KiB available"
            sleep 2 # the host looks
            """;

    private final LabContext lab;
    private final BalloonDevice balloon =
            new BalloonDevice(LinuxGuest.MEMORY_MIB * MIB, new BalloonSettings(0, true, false, 0));

    BalloonWork(LabContext lab) {
        this.lab = lab;
    }

    @Override
    public DevicePart part() {
        return new DevicePart("balloon", balloon);
    }

    @Override
    public void check(LabGuest guest) {
        guest.awaitLine("balloon: filled");
        long before = heldBytes(guest.machine().memory());
        balloon.setTarget(TARGET_BYTES);
        guest.awaitLine(" KiB available");
        long after = heldBytes(guest.machine().memory());
        lab.note("held " + before / MIB + " MiB, " + after / MIB + " with a balloon of " + TARGET_BYTES / MIB);
        LabContext.check(before - after > TARGET_BYTES * 8 / 10, "the host has not got its memory back");
    }

    private static long heldBytes(GuestMemory memory) {
        DirtyBitmap held = DirtyBitmap.forBytes(memory.sizeBytes());
        memory.addTouched(held);
        return held.cardinality() * DirtyBitmap.PAGE_SIZE;
    }
}
