package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.machine.DevicePart;
import dev.stardust.hypervisor.virtio.rng.RngDevice;

/** Linux takes random bytes from the host, other ones each time. */
final class RngWork implements DeviceWork {
    static final String COMMANDS =
            """
            load virtio_rng
            echo "rng source: $(cat /sys/class/misc/hw_random/rng_current)"
            echo "rng first: $(head -c 1000 /dev/hwrng | md5sum)"
            echo "rng second: $(head -c 1000 /dev/hwrng | md5sum)"
            """;

    @Override
    public DevicePart part() {
        return new DevicePart("rng", new RngDevice(RateLimit.NONE));
    }

    @Override
    public void check(LabGuest guest) {
        LabContext.check(guest.awaitLine("rng source: ").contains("virtio_rng"), "Linux uses another source");
        String first = guest.awaitLine("rng first: ").split(" ")[2];
        String second = guest.awaitLine("rng second: ").split(" ")[2];
        LabContext.check(!first.equals(second), "the same bytes came twice");
    }
}
