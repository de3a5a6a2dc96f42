package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.hypervisor.kvm.Cpuid;
import dev.stardust.hypervisor.kvm.KvmIoctl;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmLapicState;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/** A machine's vCPUs as KVM has them: 0 starts the guest, the others wait until the guest starts them. */
final class MachineCpus {
    // Local vector table of the local APIC, Intel SDM volume 3, 11.5.1.
    private static final int LVT_LINT0 = 0x350;
    private static final int LVT_LINT1 = 0x360;
    private static final int DELIVER_EXTINT = 0x700;
    private static final int DELIVER_NMI = 0x400;

    private final Cpuid host;
    private final List<KvmVcpu> vcpus = new ArrayList<>();
    private final List<Cpuid> cpuids = new ArrayList<>();

    /** Makes them; closing the VM closes them. */
    MachineCpus(KvmVm vm, int count, CpuTemplate template, Cpuid host) {
        this.host = host;
        Cpuid offered = template.applyTo(host);
        for (int id = 0; id < count; id++) {
            KvmVcpu vcpu = vm.createVcpu(id);
            Cpuid own = offered.forVcpu(id, count);
            vcpu.setCpuid(own);
            vcpus.add(vcpu);
            cpuids.add(own);
        }
    }

    List<KvmVcpu> all() {
        return vcpus;
    }

    KvmVcpu first() {
        return vcpus.get(0);
    }

    /** As firmware leaves the local APICs: legacy interrupts on LINT0, NMIs on LINT1. */
    void initLocalApics() {
        UnsafeBuffer state = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmLapicState.SIZE));
        for (KvmVcpu vcpu : vcpus) {
            vcpu.get(KvmIoctl.KVM_GET_LAPIC, state);
            state.putInt(KvmLapicState.REGS + LVT_LINT0, DELIVER_EXTINT, ByteOrder.LITTLE_ENDIAN);
            state.putInt(KvmLapicState.REGS + LVT_LINT1, DELIVER_NMI, ByteOrder.LITTLE_ENDIAN);
            vcpu.set(KvmIoctl.KVM_SET_LAPIC, state);
        }
    }

    /** Before a machine that was paused or saved goes on. */
    void tellPaused() {
        vcpus.forEach(KvmVcpu::tellPaused);
    }

    void save(StateWriter out) {
        for (int id = 0; id < vcpus.size(); id++) {
            MachineStates.saveVcpu(vcpus.get(id), id, cpuids.get(id), out);
        }
    }

    /**
     * Takes over what saved vCPUs have seen; before {@link #restore}.
     *
     * @throws MachineException if this host's CPU cannot show it
     */
    void restoreCpuids(StateReader in) {
        for (int id = 0; id < vcpus.size(); id++) {
            Cpuid saved = MachineStates.cpuid(in, id, host);
            vcpus.get(id).setCpuid(saved);
            cpuids.set(id, saved);
        }
    }

    void restore(StateReader in) {
        for (int id = 0; id < vcpus.size(); id++) {
            MachineStates.restoreVcpu(vcpus.get(id), id, in);
        }
    }
}
