package dev.stardust.vm.worker;

import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.virtio.net.NetSettings;
import dev.stardust.vm.network.PortForward;
import dev.stardust.vm.qemu.QemuSpec;
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

    /** Whether its machine connects to sockets of host programs. */
    public boolean connects() {
        return vsock != null || nics.stream().anyMatch(nic -> nic.socket() != null);
    }

    public Devices {
        nics = nics == null ? List.of() : List.copyOf(nics);
    }

    /**
     * A network interface on a tap, or a socket of passt, that is there, or one that QEMU makes up.
     *
     * @param tap the tap's name, or null
     * @param socket the socket's path, or null
     * @param mac like 02:53:44:00:01:02
     * @param mtu most bytes of an IP packet
     * @param limitMbits most megabits a second each way, 0 for no limit
     * @param ports ports of the host that lead to the guest, of a network that QEMU makes up
     */
    public record Nic(String tap, String socket, String mac, int mtu, int limitMbits, List<PortForward> ports) {
        private static final long BYTES_PER_MBIT = 1_000_000 / 8;

        public Nic {
            ports = ports == null ? List.of() : List.copyOf(ports);
        }

        /** One on a tap or a socket. */
        public Nic(String tap, String socket, String mac, int mtu, int limitMbits) {
            this(tap, socket, mac, mtu, limitMbits, List.of());
        }

        /**
         * One that QEMU makes up: a network of the guest's own, so that all guests may have the same address in it.
         *
         * @param index which of the VM's interfaces
         * @param mac its address, or null for a usual one
         */
        public static Nic ofQemu(int index, String mac, int mtu, List<PortForward> ports) {
            return new Nic(null, null, mac == null ? "02:53:44:00:00:0" + index : mac, mtu, 0, ports);
        }

        /** Whether it is one that QEMU makes up. */
        public boolean madeByQemu() {
            return tap == null && socket == null;
        }

        QemuSpec.Nic ofQemu() {
            return new QemuSpec.Nic(tap, mac, mtu, ports);
        }

        NetSettings settings() {
            RateLimit limit = limitMbits == 0
                    ? RateLimit.NONE
                    : new RateLimit(Rate.perSecond(limitMbits * BYTES_PER_MBIT), Rate.UNLIMITED);
            return new NetSettings(HexFormat.ofDelimiter(":").parseHex(mac), mtu, limit, limit);
        }
    }
}
