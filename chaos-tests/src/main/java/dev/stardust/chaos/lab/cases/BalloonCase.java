package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.balloon.BalloonDevice;
import dev.stardust.hypervisor.virtio.balloon.BalloonSettings;
import java.util.List;

/** What Linux gives into the balloon the host has back. */
final class BalloonCase implements LinuxCase {
    private static final long MIB = 1 << 20;
    private static final long TARGET_BYTES = 100 * MIB;

    @Override
    public String name() {
        return "balloon";
    }

    @Override
    public String guestCommands() {
        // All memory is written once, so that the host holds it.
        return """
                load virtio_mmio
                load virtio_balloon
                dd if=/dev/zero of=/tmp/fill bs=1M count=110 2> /dev/null
                rm /tmp/fill
                echo "filled"
                n=0
                while [ $n -lt 40 ] && [ "$(sed -n 's/MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)" -gt 100000 ]; do
                  n=$((n + 1))
                  sleep 0.25
                done
                echo "available: $(sed -n 's/MemAvailable: *//p' /proc/meminfo)"
                sleep 20
                """;
    }

    @Override
    public void run(LabContext lab) throws InterruptedException {
        long ram = LinuxGuest.MEMORY_MIB * MIB;
        BalloonDevice balloon = new BalloonDevice(ram, new BalloonSettings(0, true, false, 0));
        LabGuest guest = lab.start(LinuxGuest.spec(lab, "linux"), List.of(new DevicePart("balloon", balloon)));
        guest.awaitLine("filled");
        long before = heldBytes(guest.machine().memory());
        balloon.setTarget(TARGET_BYTES);
        guest.awaitLine("available: ");
        long after = heldBytes(guest.machine().memory());
        lab.note("held " + before / MIB + " MiB before, " + after / MIB + " after " + TARGET_BYTES / MIB);
        LabContext.check(before - after > TARGET_BYTES * 8 / 10, "the host has not got its memory back");
    }

    private static long heldBytes(GuestMemory memory) {
        DirtyBitmap held = DirtyBitmap.forBytes(memory.sizeBytes());
        memory.addTouched(held);
        return held.cardinality() * DirtyBitmap.PAGE_SIZE;
    }
}
