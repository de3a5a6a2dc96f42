package dev.stardust.vm.worker;

import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.virtio.net.NetSettings;
import java.util.HexFormat;
import java.util.List;

/**
 * The devices of a machine beside its disks, in the order of their slots.
 *
 * @param nics network interfaces
 * @param rng whether it has a source of random bytes
 * @param vsock where host programs reach the guest's sockets, or null for none
 * @param balloon whether it has a balloon
 * @param cd what is in its CD drive, or null for no drive
 * @param terminal whether it has a virtio console
 */
public record Devices(List<Nic> nics, boolean rng, String vsock, boolean balloon, DiskFiles cd, boolean terminal) {
    /** No device. */
    public static final Devices NONE = new Devices(List.of(), false, null, false, null, false);

    public Devices {
        nics = nics == null ? List.of() : List.copyOf(nics);
    }

    /**
     * A network interface on a tap that is there.
     *
     * @param mac like 02:53:44:00:01:02
     * @param mtu most bytes of an IP packet
     * @param limitMbits most megabits a second each way, 0 for no limit
     */
    public record Nic(String tap, String mac, int mtu, int limitMbits) {
        private static final long BYTES_PER_MBIT = 1_000_000 / 8;

        NetSettings settings() {
            RateLimit limit = limitMbits == 0
                    ? RateLimit.NONE
                    : new RateLimit(Rate.perSecond(limitMbits * BYTES_PER_MBIT), Rate.UNLIMITED);
            return new NetSettings(HexFormat.ofDelimiter(":").parseHex(mac), mtu, limit, limit);
        }
    }
}
