package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.rng.RngDevice;
import java.util.List;

/** Linux takes random bytes from the host, other ones each time. */
final class RngCase implements LinuxCase {
    @Override
    public String name() {
        return "rng";
    }

    @Override
    public String guestCommands() {
        return """
                load virtio_mmio
                load virtio_rng
                echo "source: $(cat /sys/class/misc/hw_random/rng_current)"
                echo "first: $(head -c 1000 /dev/hwrng | md5sum)"
                echo "second: $(head -c 1000 /dev/hwrng | md5sum)"
                """;
    }

    @Override
    public void run(LabContext lab) {
        LabGuest guest =
                lab.start(LinuxGuest.spec(lab, "linux"), List.of(new DevicePart("rng", new RngDevice(RateLimit.NONE))));
        LabContext.check(guest.awaitLine("source: ").contains("virtio_rng"), "Linux uses another source");
        String first = guest.awaitLine("first: ").split(" ")[1];
        String second = guest.awaitLine("second: ").split(" ")[1];
        LabContext.check(!first.equals(second), "the same bytes came twice");
        guest.awaitEnd();
    }
}
