package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.hypervisor.limit.RateLimit;
import java.nio.file.Path;
import java.util.List;

/**
 * What a machine is made of. Disks are given as opened backends when the machine is built, in the order of
 * {@code disks}.
 *
 * @param name the VM's name; vCPU threads are called {@code vcpu<n>-<name>} (cut to the 15 bytes a thread
 *     name holds)
 * @param memoryMib guest RAM in MiB
 * @param vcpus number of vCPUs
 * @param cpu the features that the guest sees
 * @param boot what to start, or null for a machine whose state will be restored
 * @param base a file of exactly {@code memoryMib} MiB that RAM starts from as a private mapping, or null for zeroed RAM
 * @param serialLog the file that the guest's serial output is appended to
 * @param console where the guest's serial port is a unix socket to be read and typed into, or null for nowhere
 * @param terminal where the guest's virtio console is such a socket, or null for no virtio console
 * @param disks the disks in order
 */
public record MachineSpec(
        String name,
        int memoryMib,
        int vcpus,
        CpuTemplate cpu,
        BootSpec boot,
        Path base,
        Path serialLog,
        Path console,
        Path terminal,
        List<Disk> disks) {
    public MachineSpec {
        disks = List.copyOf(disks);
    }

    /**
     * A machine of one vCPU with what its host's CPU has, without anything to start, base or disk.
     *
     * @param serialLog as in the record
     */
    public static MachineSpec of(String name, int memoryMib, Path serialLog) {
        return new MachineSpec(name, memoryMib, 1, CpuTemplate.HOST, null, null, serialLog, null, null, List.of());
    }

    /** The same with so many vCPUs that see these features. */
    public MachineSpec withCpus(int count, CpuTemplate template) {
        return new MachineSpec(name, memoryMib, count, template, boot, base, serialLog, console, terminal, disks);
    }

    /** The same that starts this. */
    public MachineSpec withBoot(BootSpec start) {
        return new MachineSpec(name, memoryMib, vcpus, cpu, start, base, serialLog, console, terminal, disks);
    }

    /** The same on a base. */
    public MachineSpec withBase(Path file) {
        return new MachineSpec(name, memoryMib, vcpus, cpu, boot, file, serialLog, console, terminal, disks);
    }

    /** The same with a console there. */
    public MachineSpec withConsole(Path socket) {
        return new MachineSpec(name, memoryMib, vcpus, cpu, boot, base, serialLog, socket, terminal, disks);
    }

    /** The same with a virtio console there. */
    public MachineSpec withTerminal(Path socket) {
        return new MachineSpec(name, memoryMib, vcpus, cpu, boot, base, serialLog, console, socket, disks);
    }

    /** The same with these disks. */
    public MachineSpec withDisks(List<Disk> list) {
        return new MachineSpec(name, memoryMib, vcpus, cpu, boot, base, serialLog, console, terminal, list);
    }

    /**
     * A virtio-blk disk.
     *
     * @param serial what the guest reads as the disk's id, at most 20 bytes of ASCII
     * @param readOnly whether writes are refused
     * @param limit what it is allowed
     */
    public record Disk(String serial, boolean readOnly, RateLimit limit) {
        /** One without a limit. */
        public Disk(String serial, boolean readOnly) {
            this(serial, readOnly, RateLimit.NONE);
        }
    }
}
