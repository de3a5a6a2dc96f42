package dev.stardust.hypervisor.machine;

import java.nio.file.Path;
import java.util.List;

/**
 * What a machine is made of. Disks are given as opened backends when the machine is built, in the order of
 * {@code disks}.
 *
 * @param name the VM's name; vCPU threads are called {@code vcpu<n>-<name>} (cut to the 15 bytes a thread
 *     name holds)
 * @param memoryMib guest RAM in MiB
 * @param vcpus number of vCPUs, 1 for now
 * @param kernel an ELF64 file to load, or null for a machine whose state will be restored
 * @param commandLine what the guest gets as its command line, at most 2047 bytes of ASCII
 * @param base a file of exactly {@code memoryMib} MiB that RAM starts from as a private mapping, or null for zeroed RAM
 * @param serialLog the file that the guest's serial output is appended to
 * @param disks the disks in order
 */
public record MachineSpec(
        String name,
        int memoryMib,
        int vcpus,
        Path kernel,
        String commandLine,
        Path base,
        Path serialLog,
        List<Disk> disks) {
    public MachineSpec {
        disks = List.copyOf(disks);
    }

    /**
     * A virtio-blk disk.
     *
     * @param serial what the guest reads as the disk's id, at most 20 bytes of ASCII
     * @param readOnly whether writes are refused
     */
    public record Disk(String serial, boolean readOnly) {}
}
