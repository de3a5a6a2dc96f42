package dev.stardust.hypervisor.boot;

import java.util.List;

/**
 * What the ACPI tables tell of a machine, besides the serial port, the power controller and the panic port, which are at
 * their fixed ports in every machine.
 *
 * @param vcpus vCPUs that the machine starts with; their APIC ids are 0 and up
 * @param maxVcpus vCPUs that it may get, 1 to {@value #MAX_VCPUS}
 * @param virtio the virtio-mmio devices in order
 * @param eventGsi the interrupt of the power controller's events
 * @param legacy whether a PC's interrupt controllers and timer (8259, 8254) are in use, and the registers that ACPI has with
 *     them ({@link dev.stardust.hypervisor.device.PmRegisters})
 */
public record AcpiPlatform(int vcpus, int maxVcpus, List<VirtioSlot> virtio, int eventGsi, boolean legacy) {
    /** Most vCPUs: APIC ids of 8 bits, one of which is the IOAPIC's and one the broadcast. */
    public static final int MAX_VCPUS = 254;

    /**
     * A virtio-mmio device.
     *
     * @param address guest-physical address of its registers, below 4 GiB
     * @param sizeBytes size of its registers
     * @param gsi its interrupt, an edge
     */
    public record VirtioSlot(long address, long sizeBytes, int gsi) {}

    public AcpiPlatform {
        virtio = List.copyOf(virtio);
        if (vcpus < 1 || vcpus > maxVcpus || maxVcpus > MAX_VCPUS) {
            throw new IllegalArgumentException(
                    vcpus + " vCPUs of at most " + maxVcpus + "; ACPI takes 1 to " + MAX_VCPUS);
        }
    }
}
