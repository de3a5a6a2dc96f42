package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineSpec;
import java.util.ArrayList;
import java.util.List;

/** The command line of QEMU for a machine. Sockets are named without their folder, which QEMU runs in. */
final class QemuCommand {
    /** Of Debian's package qemu-system-x86. */
    static final String PROGRAM = "qemu-system-x86_64";

    /** The port of the guest's agent; docs/formats-agent.md. */
    static final String AGENT_PORT = "dev.stardust.agent";

    static final String MONITOR_SOCKET = "qmp.sock";
    static final String SERIAL_SOCKET = "serial.sock";
    static final String DISK_SOCKET = "nbd.sock";
    static final String TERMINAL_SOCKET = "terminal.sock";
    static final String STATE_SOCKET = "state.sock";

    /** Where the node reaches the guest's agent. */
    static final String AGENT_SOCKET = "agent.sock";

    /** The object that RAM is in, and so QEMU's name of that block in a state. */
    static final String RAM = "ram";

    /** Of the CD in the drive. */
    static final String CD_EXPORT = "cd";

    /** A newer QEMU still makes this machine, so that guests may move there. */
    private static final String MACHINE = "pc-q35-7.2";

    private final QemuSpec spec;
    private final List<String> words = new ArrayList<>();

    private QemuCommand(QemuSpec spec) {
        this.spec = spec;
    }

    /**
     * The words behind the program's name.
     *
     * @param memory the file that RAM is in
     * @param shared whether what the guest writes goes to the file, not to QEMU alone
     * @param incoming whether the machine waits for a state
     */
    static List<String> of(QemuSpec spec, Accelerator accelerator, String memory, boolean shared, boolean incoming) {
        QemuCommand command = new QemuCommand(spec);
        command.base(accelerator, memory, shared);
        command.boot();
        command.consoles();
        command.disks();
        command.networks();
        command.others();
        if (incoming) {
            command.add("-incoming", "defer");
        }
        return command.words;
    }

    static String diskExport(int index) {
        return "disk-" + index;
    }

    private void add(String... more) {
        words.addAll(List.of(more));
    }

    private void base(Accelerator accelerator, String memory, boolean shared) {
        MachineSpec machine = spec.machine();
        add("-name", machine.name() + ",debug-threads=on", "-nodefaults", "-no-user-config", "-display", "none");
        add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        // The guest is over when it asks for a reset, as on KVM.
        add("-no-reboot", "-S", "-vga", "none");
        add("-machine", MACHINE + ",memory-backend=" + RAM + ",vmport=off,smm=off");
        add("-accel", accelerator.option());
        add("-cpu", cpu(machine.cpu(), accelerator), "-smp", Integer.toString(machine.vcpus()));
        add("-m", machine.memoryMib() + "M");
        add(
                "-object",
                "memory-backend-file,id=" + RAM + ",size=" + machine.memoryMib() + "M,mem-path=" + escaped(memory)
                        + ",share=" + (shared ? "on" : "off"));
        add("-chardev", "socket,id=monitor,path=" + MONITOR_SOCKET, "-mon", "chardev=monitor,mode=control");
    }

    /** Named models, which are the same everywhere: what a host's own CPU has would bind a guest to it. */
    private static String cpu(CpuTemplate template, Accelerator accelerator) {
        if (template == CpuTemplate.X86_64_V3) {
            return "Haswell-noTSX,-pcid,-tsc-deadline,-invpcid,-spec-ctrl";
        }
        return accelerator == Accelerator.KVM && template == CpuTemplate.HOST ? "host,migratable=on" : "Nehalem-v1";
    }

    private void boot() {
        BootSpec boot = spec.machine().boot();
        if (boot == null) {
            return;
        }
        if (boot.protocol() == BootSpec.Protocol.BIOS) {
            add("-boot", "order=dc");
            return;
        }
        add("-kernel", boot.kernel().toString(), "-append", boot.commandLine());
        if (boot.initrd() != null) {
            add("-initrd", boot.initrd().toString());
        }
    }

    private void consoles() {
        add("-chardev", "socket,id=serial,path=" + SERIAL_SOCKET, "-serial", "chardev:serial");
        add("-device", "virtio-serial-pci,id=serial-bus,max_ports=4");
        add("-chardev", "socket,id=agent,path=" + AGENT_SOCKET + ",server=on,wait=off");
        add("-device", "virtserialport,bus=serial-bus.0,nr=1,chardev=agent,name=" + AGENT_PORT);
        if (spec.machine().terminal() != null) {
            add("-chardev", "socket,id=terminal,path=" + TERMINAL_SOCKET + ",server=on,wait=off");
            add("-device", "virtconsole,bus=serial-bus.0,nr=2,chardev=terminal");
        }
    }

    private void disks() {
        List<MachineSpec.Disk> disks = spec.machine().disks();
        for (int i = 0; i < disks.size(); i++) {
            MachineSpec.Disk disk = disks.get(i);
            String node = diskExport(i);
            blockdev(node, disk.readOnly());
            String drive = limited(node, disk.limit());
            add("-device", "virtio-blk-pci,drive=" + drive + ",serial=" + disk.serial() + ",num-queues=1");
        }
        if (spec.cd() != null) {
            blockdev(CD_EXPORT, true);
            add("-device", "virtio-scsi-pci,id=scsi");
            add("-device", "scsi-cd,bus=scsi.0,drive=" + CD_EXPORT + ",serial=" + spec.cd());
        }
    }

    private void blockdev(String export, boolean readOnly) {
        add(
                "-blockdev",
                "driver=nbd,node-name=" + export + ",server.type=unix,server.path=" + DISK_SOCKET + ",export=" + export
                        + ",read-only=" + (readOnly ? "on" : "off") + ",discard=unmap");
    }

    private String limited(String node, RateLimit limit) {
        if (limit.equals(RateLimit.NONE)) {
            return node;
        }
        StringBuilder group = new StringBuilder("throttle-group,id=limit-").append(node);
        append(group, "x-bps-total", limit.bytes());
        append(group, "x-iops-total", limit.operations());
        add("-object", group.toString());
        String filter = node + "-limited";
        add("-blockdev", "driver=throttle,node-name=" + filter + ",throttle-group=limit-" + node + ",file=" + node);
        return filter;
    }

    private static void append(StringBuilder group, String option, Rate rate) {
        if (rate.perSecond() > 0) {
            group.append(',').append(option).append('=').append(rate.perSecond());
        }
    }

    private void networks() {
        for (int i = 0; i < spec.nics().size(); i++) {
            QemuSpec.Nic nic = spec.nics().get(i);
            // Ports are forwarded when the guest runs: until then another copy of it may hold them.
            add(
                    "-netdev",
                    nic.tap() == null
                            ? "user,id=net-" + i + ",ipv6=off"
                            : "tap,id=net-" + i + ",ifname=" + nic.tap() + ",script=no,downscript=no");
            add("-device", "virtio-net-pci,netdev=net-" + i + ",mac=" + nic.mac() + ",host_mtu=" + nic.mtu());
        }
    }

    private void others() {
        if (spec.rng()) {
            add("-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random");
        }
        if (spec.balloon()) {
            add("-device", "virtio-balloon-pci,id=balloon,free-page-reporting=on");
        }
        // Linux tells of its panics there.
        add("-device", "pvpanic,events=1");
    }

    /** QEMU takes a comma in a value when it is there twice. */
    static String escaped(String value) {
        if (value.indexOf('\n') >= 0) {
            throw new MachineException("the path " + value + " has a line break, which QEMU cannot take");
        }
        return value.replace(",", ",,");
    }
}
