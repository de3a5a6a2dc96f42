package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.hypervisor.kvm.KvmSystem;
import dev.stardust.hypervisor.kvm.KvmVm;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.nio.file.Path;

/**
 * What machines of one shape have alike, whatever they are called, boot and have plugged in: RAM, the VM of KVM, its
 * interrupt chips and vCPUs, as they are after power-on. Built in the order that is fast (memory slots before the
 * interrupt chips), closed in the reverse order.
 */
final class MachineCore implements AutoCloseable {
    static final int RAM_SLOT = 0;
    static final long TSS_ADDRESS = 0xfffb_d000L;
    static final long TSS_BYTES = 0x3000;
    static final long IDENTITY_MAP_ADDRESS = 0xfffb_c000L;

    /**
     * What tells one core from another.
     *
     * @param base what RAM starts from, or null for zeros
     */
    record Shape(int memoryMib, Path base, int vcpus, CpuTemplate cpu) {
        static Shape of(MachineSpec spec) {
            return new Shape(spec.memoryMib(), spec.base(), spec.vcpus(), spec.cpu());
        }
    }

    private final Shape shape;
    private final Resources resources;
    private final GuestMemory memory;
    private final KvmVm vm;
    private final MachineCpus cpus;

    private MachineCore(Shape shape, Resources resources) {
        this.shape = shape;
        this.resources = resources;
        KvmSystem kvm = KvmSystem.shared();
        memory = resources.add(openMemory(shape));
        vm = resources.add(kvm.createVm());
        vm.setTssAddress(TSS_ADDRESS, IDENTITY_MAP_ADDRESS);
        vm.setMemory(RAM_SLOT, 0, memory.sizeBytes(), memory.address(), false);
        vm.createIrqchip();
        cpus = new MachineCpus(vm, shape.vcpus(), shape.cpu(), kvm.supportedCpuid());
        cpus.initLocalApics();
    }

    /**
     * Builds one.
     *
     * @throws MachineException if its base cannot be mapped; nothing is left behind then or when KVM refuses
     */
    static MachineCore build(Shape shape) {
        Resources resources = new Resources();
        try {
            return new MachineCore(shape, resources);
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    private static GuestMemory openMemory(Shape shape) {
        long sizeBytes = (long) shape.memoryMib() << 20;
        try {
            return shape.base() == null ? GuestMemory.create(sizeBytes) : GuestMemory.fromBase(shape.base(), sizeBytes);
        } catch (IOException e) {
            throw new MachineException("cannot map the base " + shape.base() + ": " + e.getMessage(), e);
        }
    }

    Shape shape() {
        return shape;
    }

    GuestMemory memory() {
        return memory;
    }

    KvmVm vm() {
        return vm;
    }

    MachineCpus cpus() {
        return cpus;
    }

    @Override
    public void close() {
        resources.close();
    }
}
