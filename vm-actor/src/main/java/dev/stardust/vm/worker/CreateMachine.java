package dev.stardust.vm.worker;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.vm.qemu.Accelerator;
import dev.stardust.vm.qemu.QemuSpec;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a worker needs to build a machine; paths are absolute.
 *
 * @param vm name of the VM
 * @param epoch epoch of its placement; later requests name it, so that none meant for another placement applies
 * @param boot what to start, with its kernel named, or null for a machine whose state will be restored
 * @param base file that RAM starts from as a private mapping, or null for zeroed RAM
 * @param devices its devices beside the disks
 * @param qemu what runs the guest's code in a process of QEMU, or null for a machine of KVM
 * @param tag any text that is to be kept with the machine and told again to a restarted node, for example its role in
 *     a migration
 */
public record CreateMachine(
        String vm,
        long epoch,
        int memoryMib,
        Cpus cpus,
        Boot boot,
        String base,
        String serialLog,
        List<DiskFiles> disks,
        Devices devices,
        Accelerator qemu,
        String tag) {
    /** The console's socket, beside the serial log. */
    public static final String CONSOLE = "console.sock";

    /** The virtio console's, if there is one. */
    public static final String TERMINAL = "terminal.sock";

    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,40}");
    private static final int MAX_TAG_LENGTH = 4096;

    public CreateMachine {
        require(vm != null && NAME.matcher(vm).matches(), "vm: a name of 1 to 40 of a-z, 0-9 and -");
        require(epoch >= 0, "epoch: not negative");
        require(memoryMib > 0, "memoryMib: more than 0");
        require(cpus != null && cpus.count() > 0, "cpus: at least one");
        require(serialLog != null, "serialLog: a path");
        require(boot == null || boot.kernel() != null, "boot: a kernel");
        disks = disks == null ? List.of() : List.copyOf(disks);
        devices = devices == null ? Devices.NONE : devices;
        require(qemu == null || devices.vsock() == null, "vsock: QEMU has none here, its agent has another way");
        tag = checkedTag(tag);
    }

    /** A machine of KVM. */
    public CreateMachine(
            String vm,
            long epoch,
            int memoryMib,
            Cpus cpus,
            Boot boot,
            String base,
            String serialLog,
            List<DiskFiles> disks,
            Devices devices,
            String tag) {
        this(vm, epoch, memoryMib, cpus, boot, base, serialLog, disks, devices, null, tag);
    }

    static String checkedTag(String tag) {
        require(tag == null || tag.length() <= MAX_TAG_LENGTH, "tag: at most " + MAX_TAG_LENGTH + " characters");
        return tag == null ? "" : tag;
    }

    /** The same for the hypervisor. */
    @JsonIgnore
    public MachineSpec machineSpec() {
        return new MachineSpec(
                vm,
                memoryMib,
                cpus.count(),
                cpus.template(),
                boot == null ? null : boot.toBootSpec(),
                path(base),
                path(serialLog),
                path(serialLog).resolveSibling(CONSOLE),
                devices.terminal() ? path(serialLog).resolveSibling(TERMINAL) : null,
                disks.stream()
                        .map(d -> new MachineSpec.Disk(
                                d.serial(), d.readOnly(), d.limit().rateLimit()))
                        .toList());
    }

    /** The same for QEMU. */
    @JsonIgnore
    public QemuSpec qemuSpec() {
        Path folder = path(serialLog).getParent();
        return new QemuSpec(
                machineSpec(),
                folder,
                devices.nics().stream().map(Devices.Nic::ofQemu).toList(),
                devices.rng(),
                devices.balloon(),
                devices.cd() == null ? null : devices.cd().serial());
    }

    private static Path path(String text) {
        return text == null ? null : Path.of(text);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(what);
        }
    }
}
