package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.boot.Elf64;
import dev.stardust.hypervisor.boot.FlatBoot;
import dev.stardust.hypervisor.device.Bus;
import dev.stardust.hypervisor.device.ResetPort;
import dev.stardust.hypervisor.device.SerialLog;
import dev.stardust.hypervisor.device.SerialPort;
import dev.stardust.hypervisor.kvm.Cpuid;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import java.util.List;

/**
 * The parts of one machine. Built in the order that is fast (memory slots before the interrupt chips), closed in the
 * reverse order.
 */
final class MachineHardware implements AutoCloseable {
    private static final long TSS_ADDRESS = 0xfffb_d000L;
    private static final long IDENTITY_MAP_ADDRESS = 0xfffb_c000L;
    private static final int RAM_SLOT = 0;

    /** RAM ends below the hole where devices and interrupt controllers are. */
    private static final int MAX_MEMORY_MIB = 3072;

    /** One IOAPIC pin each, from 5 to 20. */
    private static final int MAX_DISKS = 16;

    private final Resources resources;
    private final PlatformState platform;
    private final GuestMemory memory;
    private final KvmVm vm;
    private final KvmVcpu vcpu;
    private final Cpuid hostCpuid;
    private final SerialPort serial;
    private final ExitDispatcher exits;
    private final MachineDisks disks;
    private final List<BlockBackend> backends;
    private final DirtyLog dirtyLog;
    private Cpuid cpuid;

    private MachineHardware(
            MachineSpec spec, List<BlockBackend> backends, ExitDispatcher.End end, Resources resources) {
        this.resources = resources;
        this.backends = List.copyOf(backends);
        platform = new PlatformState(spec.memoryMib(), spec.vcpus(), backends.size());
        try (KvmSystem kvm = KvmSystem.open()) {
            hostCpuid = kvm.supportedCpuid();
            memory = resources.add(openMemory(spec));
            SerialLog log = resources.add(new SerialLog(spec.serialLog()));
            vm = resources.add(kvm.createVm());
            vm.setTssAddress(TSS_ADDRESS, IDENTITY_MAP_ADDRESS);
            vm.setMemory(RAM_SLOT, 0, memory.sizeBytes(), memory.address(), false);
            vm.createIrqchip();
            vcpu = vm.createVcpu(0);
            cpuid = hostCpuid.forVcpu(0);
            vcpu.setCpuid(cpuid);

            Bus ports = new Bus("port bus");
            Bus mmio = new Bus("memory bus");
            exits = new ExitDispatcher(ports, mmio, end);
            serial = new SerialPort(log, vm.irqLine(SerialPort.COM1_GSI)::set);
            ports.add(SerialPort.COM1, SerialPort.PORTS, serial);
            ports.add(ResetPort.PORT, 1, new ResetPort(exits::reset));
            disks = new MachineDisks(spec, backends, memory, vm, mmio, resources);
            dirtyLog = new DirtyLog(vm, RAM_SLOT, memory);
            if (spec.kernel() != null) {
                boot(spec);
            }
        }
    }

    static MachineHardware build(MachineSpec spec, List<BlockBackend> disks, ExitDispatcher.End end) {
        Resources resources = new Resources();
        try {
            check(spec, disks);
            return new MachineHardware(spec, disks, end, resources);
        } catch (RuntimeException | Error e) {
            try {
                resources.close();
            } catch (MachineException again) {
                e.addSuppressed(again);
            }
            throw new MachineException("cannot build machine " + spec.name() + ": " + e.getMessage(), e);
        }
    }

    private static void check(MachineSpec spec, List<BlockBackend> disks) {
        require(!spec.name().isEmpty(), "it has no name");
        require(
                spec.memoryMib() >= 1 && spec.memoryMib() <= MAX_MEMORY_MIB,
                spec.memoryMib() + " MiB of memory; it takes 1 to " + MAX_MEMORY_MIB);
        require(spec.vcpus() == 1, spec.vcpus() + " vCPUs; it takes 1");
        require(
                spec.disks().size() == disks.size(),
                spec.disks().size() + " disks are specified, " + disks.size() + " given");
        require(disks.size() <= MAX_DISKS, disks.size() + " disks; it takes at most " + MAX_DISKS);
    }

    private static void require(boolean ok, String otherwise) {
        if (!ok) {
            throw new MachineException(otherwise);
        }
    }

    private static GuestMemory openMemory(MachineSpec spec) {
        long sizeBytes = (long) spec.memoryMib() << 20;
        try {
            return spec.base() == null ? GuestMemory.create(sizeBytes) : GuestMemory.fromBase(spec.base(), sizeBytes);
        } catch (IOException e) {
            throw new MachineException("cannot map the base " + spec.base() + ": " + e.getMessage(), e);
        }
    }

    private void boot(MachineSpec spec) {
        Elf64 kernel = Elf64.read(spec.kernel());
        FlatBoot.load(memory, kernel, spec.commandLine() + disks.commandLine() + " tsc_khz=" + vcpu.tscKhz());
        FlatBoot.enter(vcpu, memory, kernel.entry());
    }

    GuestMemory memory() {
        return memory;
    }

    KvmVcpu vcpu() {
        return vcpu;
    }

    ExitDispatcher exits() {
        return exits;
    }

    DirtyLog dirtyLog() {
        return dirtyLog;
    }

    void startDevices() {
        disks.resume();
    }

    /** Returns when no request of a disk is under way; what the guest asks for meanwhile waits. */
    void pauseDisks() {
        disks.pause();
    }

    void flushSerial() {
        serial.flush();
    }

    MachineState save() {
        StateWriter out = new StateWriter().add(StateSection.PLATFORM, 0, platform.toBytes());
        MachineStates.saveVm(vm, out);
        MachineStates.saveVcpu(vcpu, 0, cpuid, out);
        disks.save(out);
        return out.add(StateSection.SERIAL, 0, serial.save()).finish();
    }

    void restore(MachineState state) {
        StateReader in = new StateReader(state);
        PlatformState saved = PlatformState.read(in.section(StateSection.PLATFORM, 0));
        if (!saved.equals(platform)) {
            throw new MachineException(
                    "the saved machine state is of a machine with " + saved + "; this one has " + platform);
        }
        cpuid = MachineStates.cpuid(in, 0, hostCpuid);
        vcpu.setCpuid(cpuid);
        MachineStates.restoreVm(vm, in);
        MachineStates.restoreVcpu(vcpu, 0, in);
        disks.restore(in);
        serial.restore(in.section(StateSection.SERIAL, 0));
    }

    /** Stops the devices, brings the disks to stable storage and closes everything. */
    @Override
    public void close() {
        disks.pause();
        Resources all = new Resources();
        for (BlockBackend backend : backends) {
            all.add(backend);
            all.add(backend::flush);
        }
        all.add(resources);
        all.close();
    }
}
