package dev.stardust.vm.actor;

import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.Hypervisor;
import dev.stardust.vm.spec.Workload;
import java.util.List;

/**
 * The value of the registry key {@code bases/NAME}: a VM's memory, devices and disks, kept at one moment. Never changed
 * once it is made: clones rest on it.
 *
 * @param memory id of the root chunk of the manifest of its RAM, hex
 * @param state id of the chunk that holds vCPU and device state, hex; of QEMU, of the root chunk of its manifest
 * @param memoryMib its RAM
 * @param cpus its vCPUs
 * @param disks its disks in order
 * @param hypervisor what its state is of
 * @param linux the Linux that it started from, or null
 * @param workload what runs in its guest, or null
 */
public record BaseEntry(
        String memory,
        String state,
        int memoryMib,
        Cpus cpus,
        List<ResolvedSpec.Disk> disks,
        Hypervisor hypervisor,
        LinuxBoot linux,
        Workload workload) {
    /** Prefix of the registry's keys of bases. */
    public static final String PREFIX = "bases/";

    public BaseEntry {
        disks = List.copyOf(disks);
        // What an older version saved.
        hypervisor = hypervisor == null ? Hypervisor.KVM : hypervisor;
    }
}
