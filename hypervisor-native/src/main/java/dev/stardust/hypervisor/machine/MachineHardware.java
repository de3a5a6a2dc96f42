package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.AcpiPlatform;
import dev.stardust.hypervisor.boot.AcpiPlatform.VirtioSlot;
import dev.stardust.hypervisor.boot.AcpiTables;
import dev.stardust.hypervisor.boot.BiosBoot;
import dev.stardust.hypervisor.boot.BiosBoot.MemoryRange;
import dev.stardust.hypervisor.boot.BootLoader;
import dev.stardust.hypervisor.boot.BootTarget;
import dev.stardust.hypervisor.console.ConsoleBackend;
import dev.stardust.hypervisor.console.ConsoleServer;
import dev.stardust.hypervisor.console.SilentConsole;
import dev.stardust.hypervisor.device.Bus;
import dev.stardust.hypervisor.device.FirmwareConfig;
import dev.stardust.hypervisor.device.PanicPort;
import dev.stardust.hypervisor.device.PowerController;
import dev.stardust.hypervisor.device.ResetPort;
import dev.stardust.hypervisor.device.SerialLog;
import dev.stardust.hypervisor.device.SerialPort;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.balloon.BalloonDevice;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.hypervisor.virtio.blk.BlockDevice;
import dev.stardust.hypervisor.virtio.blk.BlockSettings;
import dev.stardust.hypervisor.virtio.console.ConsoleDevice;
import dev.stardust.hypervisor.virtio.scsi.ScsiDevice;
import java.util.List;
import java.util.SortedMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts of one machine: its core, and what its spec plugs into it. Closed in the reverse order of how it was built.
 */
final class MachineHardware implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MachineHardware.class);
    private static final MemoryRange OF_KVM = new MemoryRange(
            MachineCore.IDENTITY_MAP_ADDRESS,
            MachineCore.TSS_ADDRESS + MachineCore.TSS_BYTES - MachineCore.IDENTITY_MAP_ADDRESS);

    /** RAM ends below the hole where devices and interrupt controllers are. */
    private static final int MAX_MEMORY_MIB = 3072;

    private static final int MAX_VCPUS = 32;

    /** The IOAPIC's last pin; those before are the serial port's and the virtio devices'. */
    private static final int EVENT_GSI = 23;

    private final Resources resources;
    private final PlatformState platform;
    private final GuestMemory memory;
    private final KvmVm vm;
    private final MachineCpus cpus;
    private final SerialPort serial;
    private final PowerController power;
    private final ExitDispatcher exits;
    private final MachineDevices devices;
    private final List<BlockBackend> backends;
    private final DirtyLog dirtyLog;

    /** Null if no BIOS starts the machine. */
    private final BiosHardware bios;

    private MachineHardware(
            MachineSpec spec,
            List<BlockBackend> backends,
            List<DevicePart> parts,
            ExitDispatcher.End end,
            BiConsumer<String, String> faults,
            Function<MachineCore.Shape, MachineCore> cores,
            Resources resources) {
        this.resources = resources;
        this.backends = List.copyOf(backends);
        SerialLog log = resources.add(new SerialLog(spec.serialLog()));
        bios = BiosHardware.of(spec, resources);
        MachineCore core = resources.add(cores.apply(MachineCore.Shape.of(spec)));
        memory = core.memory();
        vm = core.vm();
        cpus = core.cpus();
        if (bios != null) {
            bios.plugInto(vm);
        }

        Bus ports = new Bus("port bus");
        Bus mmio = new Bus("memory bus");
        exits = new ExitDispatcher(ports, mmio, end);
        serial = new SerialPort(console(spec, log), vm.irqLine(SerialPort.COM1_GSI)::set);
        ports.add(SerialPort.COM1, SerialPort.PORTS, serial);
        ports.add(ResetPort.PORT, 1, new ResetPort(exits::reset));
        power = new PowerController(vm.irqLine(EVENT_GSI)::set, exits::powerOff, exits::reset);
        ports.add(PowerController.BASE, PowerController.PORTS, power);
        ports.add(PanicPort.PORT, 1, new PanicPort(exits::panic));
        devices = new MachineDevices(faults, memory, vm, mmio, resources);
        plugDisks(spec);
        for (DevicePart part : parts) {
            devices.plug(part.name(), part.device(), QueueWorkers.take());
        }
        if (spec.terminal() != null) {
            ConsoleServer terminal = new ConsoleServer(spec.terminal(), new SilentConsole(), ConsoleThread.get());
            devices.plug("console", new ConsoleDevice(resources.add(terminal)), QueueWorkers.take());
        }
        platform = new PlatformState(
                spec.memoryMib(), spec.vcpus(), devices.slots().size());
        dirtyLog = new DirtyLog(vm, MachineCore.RAM_SLOT, memory);
        if (spec.boot() != null) {
            boot(spec, ports);
        }
    }

    /** A machine without a console is better than none: its path may be too long for a socket. */
    private ConsoleBackend console(MachineSpec spec, SerialLog log) {
        if (spec.console() == null) {
            return log;
        }
        try {
            return resources.add(new ConsoleServer(spec.console(), log, ConsoleThread.get()));
        } catch (IllegalArgumentException | NativeException e) {
            LOG.warn("machine {} has no console: {}", spec.name(), e.getMessage());
            return log;
        }
    }

    private void plugDisks(MachineSpec spec) {
        if (backends.isEmpty()) {
            return;
        }
        QueueWorker worker = QueueWorkers.take();
        for (int i = 0; i < backends.size(); i++) {
            MachineSpec.Disk disk = spec.disks().get(i);
            BlockSettings settings = new BlockSettings(disk.serial(), disk.readOnly(), spec.vcpus(), disk.limit());
            devices.plug("disk " + i, new BlockDevice(backends.get(i), settings), worker);
        }
    }

    static MachineHardware build(
            MachineSpec spec,
            List<BlockBackend> disks,
            List<DevicePart> parts,
            ExitDispatcher.End end,
            BiConsumer<String, String> faults,
            Function<MachineCore.Shape, MachineCore> cores) {
        Resources resources = new Resources();
        try {
            check(spec, disks);
            return new MachineHardware(spec, disks, parts, end, faults, cores, resources);
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw new MachineException("cannot build machine " + spec.name() + ": " + e.getMessage(), e);
        }
    }

    private static void check(MachineSpec spec, List<BlockBackend> disks) {
        require(!spec.name().isEmpty(), "it has no name");
        require(
                spec.memoryMib() >= 1 && spec.memoryMib() <= MAX_MEMORY_MIB,
                spec.memoryMib() + " MiB of memory; it takes 1 to " + MAX_MEMORY_MIB);
        require(spec.vcpus() >= 1 && spec.vcpus() <= MAX_VCPUS, spec.vcpus() + " vCPUs; it takes 1 to " + MAX_VCPUS);
        require(
                spec.disks().size() == disks.size(),
                spec.disks().size() + " disks are specified, " + disks.size() + " given");
    }

    private static void require(boolean ok, String otherwise) {
        if (!ok) {
            throw new MachineException(otherwise);
        }
    }

    private void boot(MachineSpec spec, Bus ports) {
        AcpiPlatform acpi = new AcpiPlatform(spec.vcpus(), spec.vcpus(), devices.slots(), EVENT_GSI, bios != null);
        long rsdp = 0;
        if (bios == null) {
            rsdp = AcpiTables.write(memory, acpi);
        } else {
            SortedMap<String, byte[]> files = BiosBoot.files(acpi, memory, OF_KVM, bootOrder());
            BiosHardware.plugInto(ports, new FirmwareConfig(spec.vcpus(), files), exits);
        }
        BootLoader.load(spec.boot(), new BootTarget(memory, rsdp, bareWords())).applyTo(cpus.first());
    }

    /** Where a BIOS looks for what to boot: on CDs, then on disks. */
    private List<VirtioSlot> bootOrder() {
        return Stream.of(ScsiDevice.DEVICE_ID, BlockDevice.DEVICE_ID)
                .flatMap(kind -> devices.slotsOf(kind).stream())
                .toList();
    }

    /** What a kernel that does not read ACPI tables is told, in Linux's words. */
    private String bareWords() {
        StringBuilder words = new StringBuilder();
        for (VirtioSlot slot : devices.slots()) {
            words.append("virtio_mmio.device=4K@0x")
                    .append(Long.toHexString(slot.address()))
                    .append(':')
                    .append(slot.gsi())
                    .append(' ');
        }
        return words.append("tsc_khz=").append(cpus.first().tscKhz()).toString();
    }

    GuestMemory memory() {
        return memory;
    }

    List<KvmVcpu> vcpus() {
        return cpus.all();
    }

    ExitDispatcher exits() {
        return exits;
    }

    DirtyLog dirtyLog() {
        return dirtyLog;
    }

    /** Makes ready for the vCPUs, all of them parked, to run. */
    void prepareToRun() {
        cpus.tellPaused();
        startDevices();
    }

    void startDevices() {
        devices.resume();
        serial.resume();
    }

    /** Returns when no request of a device is under way; what the guest asks for meanwhile waits. */
    void pauseDevices() {
        serial.pause();
        devices.pause();
    }

    void pressPowerButton() {
        power.pressPowerButton();
    }

    List<DeviceReport> devices() {
        return devices.reports();
    }

    void setBalloon(long targetBytes) {
        devices.only(BalloonDevice.class)
                .orElseThrow(() -> new MachineException("it has no balloon"))
                .setTarget(targetBytes);
    }

    void resizeTerminal(int columns, int rows) {
        devices.only(ConsoleDevice.class)
                .orElseThrow(() -> new MachineException("it has no virtio console"))
                .resize(columns, rows);
    }

    void flushSerial() {
        serial.flush();
    }

    MachineState save() {
        if (bios != null) {
            throw new MachineException("a BIOS started it, and of such a machine no state can be saved");
        }
        StateWriter out = new StateWriter().add(StateSection.PLATFORM, 0, platform.toBytes());
        MachineStates.saveVm(vm, out);
        cpus.save(out);
        devices.save(out);
        out.add(StateSection.POWER, 0, power.save());
        return out.add(StateSection.SERIAL, 0, serial.save()).finish();
    }

    void restore(MachineState state) {
        StateReader in = new StateReader(state);
        PlatformState saved = PlatformState.read(in.section(StateSection.PLATFORM, 0));
        if (!saved.equals(platform)) {
            throw new MachineException(
                    "the saved machine state is of a machine with " + saved + "; this one has " + platform);
        }
        cpus.restoreCpuids(in);
        MachineStates.restoreVm(vm, in);
        cpus.restore(in);
        devices.restore(in);
        power.restore(in.section(StateSection.POWER, 0));
        serial.restore(in.section(StateSection.SERIAL, 0));
    }

    /** Stops the devices, brings the disks to stable storage and closes everything. */
    @Override
    public void close() {
        pauseDevices();
        Resources all = new Resources();
        for (BlockBackend backend : backends) {
            all.add(backend);
            all.add(backend::flush);
        }
        all.add(resources);
        all.close();
    }
}
