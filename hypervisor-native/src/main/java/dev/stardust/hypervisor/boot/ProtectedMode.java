package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.kvm.KvmIoctl;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmRegs;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSregs;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * 32-bit protected mode without paging, interrupts off, flat segments and no stack, as PVH and Multiboot enter a kernel.
 *
 * @param eip where the kernel is entered
 * @param eax what EAX holds
 * @param ebx what EBX holds
 */
public record ProtectedMode(long eip, long eax, long ebx) implements EntryState {
    private static final long CR0_PE_ET = 0x11;
    private static final long RFLAGS_RESERVED = 2;

    /** Writes the segment table that the entry needs. */
    static ProtectedMode prepare(GuestMemory memory, long eip, long eax, long ebx) {
        FlatSegments.writeTable(memory, false);
        return new ProtectedMode(eip, eax, ebx);
    }

    @Override
    public void applyTo(KvmVcpu vcpu) {
        UnsafeBuffer sregs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmSregs.SIZE));
        vcpu.get(KvmIoctl.KVM_GET_SREGS, sregs);
        FlatSegments.set(sregs, false);
        sregs.putLong(KvmSregs.CR0, CR0_PE_ET);
        sregs.putLong(KvmSregs.CR3, 0);
        sregs.putLong(KvmSregs.CR4, 0);
        sregs.putLong(KvmSregs.EFER, 0);
        vcpu.set(KvmIoctl.KVM_SET_SREGS, sregs);

        UnsafeBuffer regs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmRegs.SIZE));
        regs.putLong(KvmRegs.RIP, eip);
        regs.putLong(KvmRegs.RAX, eax);
        regs.putLong(KvmRegs.RBX, ebx);
        regs.putLong(KvmRegs.RFLAGS, RFLAGS_RESERVED);
        vcpu.set(KvmIoctl.KVM_SET_REGS, regs);
    }
}
