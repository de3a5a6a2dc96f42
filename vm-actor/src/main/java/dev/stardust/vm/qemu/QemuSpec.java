package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.vm.network.PortForward;
import java.nio.file.Path;
import java.util.List;

/**
 * What a machine of QEMU is made of. Its devices are of the same kinds as those of a machine of KVM, and pinned: two
 * machines of equal specs understand each other's state, on whatever hosts.
 *
 * @param machine CPUs, memory, disks, what to start, logs and consoles
 * @param folder its sockets are there
 * @param nics network interfaces
 * @param rng whether it has a source of random bytes
 * @param balloon whether it has a balloon
 * @param cd what the guest reads as the id of its CD drive, or null for no drive
 */
public record QemuSpec(MachineSpec machine, Path folder, List<Nic> nics, boolean rng, boolean balloon, String cd) {
    public QemuSpec {
        nics = List.copyOf(nics);
    }

    /**
     * A network interface.
     *
     * @param tap a tap that is there, or null for a network that QEMU makes up, whose guest has 10.0.2.15/24, gateway
     *     10.0.2.2 and name server 10.0.2.3
     * @param mac like 02:53:44:00:01:02
     * @param mtu most bytes of an IP packet
     * @param ports ports of the host's loopback that lead to the guest, without a tap
     */
    public record Nic(String tap, String mac, int mtu, List<PortForward> ports) {
        public Nic {
            ports = List.copyOf(ports);
        }
    }
}
