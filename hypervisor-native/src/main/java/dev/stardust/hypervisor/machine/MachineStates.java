package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.kvm.Cpuid;
import dev.stardust.hypervisor.kvm.KvmException;
import dev.stardust.hypervisor.kvm.KvmIoctl;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmClockData;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmIrqchip;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmMsrEntry;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmMsrs;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.kvm.KvmVm;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Saves and restores what KVM holds of a machine. The order matters: VCPU_EVENTS last, so that nothing set before it
 * drops a pending event; MSRS after LAPIC, since the TSC deadline needs the timer's mode; REGS after SREGS2.
 */
final class MachineStates {
    /** A fixed-size part of a vCPU and the ioctls that read and write it. */
    private enum Part {
        MP_STATE(StateSection.MP_STATE, KvmIoctl.KVM_GET_MP_STATE, KvmIoctl.KVM_SET_MP_STATE),
        SREGS2(StateSection.SREGS2, KvmIoctl.KVM_GET_SREGS2, KvmIoctl.KVM_SET_SREGS2),
        REGS(StateSection.REGS, KvmIoctl.KVM_GET_REGS, KvmIoctl.KVM_SET_REGS),
        XCRS(StateSection.XCRS, KvmIoctl.KVM_GET_XCRS, KvmIoctl.KVM_SET_XCRS),
        FPU(StateSection.FPU, KvmIoctl.KVM_GET_FPU, KvmIoctl.KVM_SET_FPU),
        XSAVE(StateSection.XSAVE, KvmIoctl.KVM_GET_XSAVE, KvmIoctl.KVM_SET_XSAVE),
        DEBUGREGS(StateSection.DEBUGREGS, KvmIoctl.KVM_GET_DEBUGREGS, KvmIoctl.KVM_SET_DEBUGREGS),
        LAPIC(StateSection.LAPIC, KvmIoctl.KVM_GET_LAPIC, KvmIoctl.KVM_SET_LAPIC);

        private final StateSection section;
        private final KvmIoctl get;
        private final KvmIoctl set;

        Part(StateSection section, KvmIoctl get, KvmIoctl set) {
            this.section = section;
            this.get = get;
            this.set = set;
        }
    }

    private MachineStates() {}

    static void saveVm(KvmVm vm, StateWriter out) {
        out.add(StateSection.CLOCK, 0, vm.getClock());
        out.add(StateSection.SAVED_AT, 0, SavedAt.now().toBytes());
        for (int chip = 0; chip < KvmVm.IRQCHIPS; chip++) {
            out.add(StateSection.IRQCHIP, chip, vm.getIrqchip(chip));
        }
    }

    static void restoreVm(KvmVm vm, StateReader in) {
        long savedNs = in.section(StateSection.CLOCK, 0).getLong(KvmClockData.CLOCK, ByteOrder.LITTLE_ENDIAN);
        long elapsedNs = SavedAt.read(in.section(StateSection.SAVED_AT, 0)).elapsedNs(SavedAt.now());
        vm.setClock(savedNs + elapsedNs);
        for (int chip = 0; chip < KvmVm.IRQCHIPS; chip++) {
            UnsafeBuffer state = nativeCopy(in.section(StateSection.IRQCHIP, chip));
            if (state.getInt(KvmIrqchip.CHIP_ID) != chip) {
                throw new MachineException("the saved machine state has its interrupt chips mixed up");
            }
            vm.setIrqchip(state);
        }
    }

    static void saveVcpu(KvmVcpu vcpu, int id, Cpuid cpuid, StateWriter out) {
        out.add(StateSection.CPUID, id, cpuid.struct());
        for (Part part : Part.values()) {
            UnsafeBuffer state = allocate(part.section.size());
            vcpu.get(part.get, state);
            out.add(part.section, id, state);
        }
        out.add(StateSection.MSRS, id, vcpu.getMsrs());
        UnsafeBuffer events = allocate(StateSection.VCPU_EVENTS.size());
        vcpu.get(KvmIoctl.KVM_GET_VCPU_EVENTS, events);
        out.add(StateSection.VCPU_EVENTS, id, events);
    }

    static void restoreVcpu(KvmVcpu vcpu, int id, StateReader in) {
        for (Part part : Part.values()) {
            vcpu.set(part.set, nativeCopy(in.section(part.section, id)));
        }
        vcpu.setMsrs(msrs(in.section(StateSection.MSRS, id)));
        vcpu.set(KvmIoctl.KVM_SET_VCPU_EVENTS, nativeCopy(in.section(StateSection.VCPU_EVENTS, id)));
    }

    /**
     * The CPUID leaves that a saved vCPU has seen.
     *
     * @throws MachineException if this host cannot show them
     */
    static Cpuid cpuid(StateReader in, int id, Cpuid host) {
        Cpuid saved;
        try {
            saved = Cpuid.copyOf(in.section(StateSection.CPUID, id));
        } catch (KvmException e) {
            throw new MachineException("the saved machine state has " + e.getMessage(), e);
        }
        String missing = saved.missingOn(host);
        if (missing != null) {
            throw new MachineException("this host's CPU lacks what the saved guest has seen: " + missing
                    + "; restore it on a host with a CPU at least as new");
        }
        return saved;
    }

    private static UnsafeBuffer msrs(DirectBuffer section) {
        UnsafeBuffer msrs = nativeCopy(section);
        int bytes = msrs.capacity() - KvmMsrs.SIZE;
        if (bytes < 0 || bytes % KvmMsrEntry.SIZE != 0 || msrs.getInt(KvmMsrs.NMSRS) != bytes / KvmMsrEntry.SIZE) {
            throw new MachineException("the saved machine state has a bad list of MSRs");
        }
        return msrs;
    }

    private static UnsafeBuffer nativeCopy(DirectBuffer section) {
        UnsafeBuffer copy = allocate(section.capacity());
        copy.putBytes(0, section, 0, section.capacity());
        return copy;
    }

    private static UnsafeBuffer allocate(int size) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(size));
    }
}
