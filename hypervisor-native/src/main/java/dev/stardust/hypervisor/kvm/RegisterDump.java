package dev.stardust.hypervisor.kvm;

import dev.stardust.hypervisor.kvm.KvmStructs.KvmDtable;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmRegs;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSegment;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSregs;
import java.nio.ByteBuffer;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The registers of a vCPU that cannot go on, for whoever looks for the reason.
 *
 * @param text one line with all that tells where the vCPU is; numbers are hexadecimal
 */
public record RegisterDump(long rip, String text) {
    /** In the order of {@code kvm_regs}. */
    private static final List<String> GENERAL = List.of(
            "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
            "r15", "rip", "rflags");

    /**
     * Reads them.
     *
     * @throws KvmException if KVM does not tell
     */
    public static RegisterDump of(KvmVcpu vcpu) {
        UnsafeBuffer regs = struct(KvmRegs.SIZE);
        vcpu.get(KvmIoctl.KVM_GET_REGS, regs);
        UnsafeBuffer sregs = struct(KvmSregs.SIZE);
        vcpu.get(KvmIoctl.KVM_GET_SREGS, sregs);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < GENERAL.size(); i++) {
            add(text, GENERAL.get(i), regs.getLong(i * Long.BYTES));
        }
        segment(text, "cs", sregs, KvmSregs.CS);
        segment(text, "ss", sregs, KvmSregs.SS);
        segment(text, "ds", sregs, KvmSregs.DS);
        table(text, "gdt", sregs, KvmSregs.GDT);
        table(text, "idt", sregs, KvmSregs.IDT);
        add(text, "cr0", sregs.getLong(KvmSregs.CR0));
        add(text, "cr2", sregs.getLong(KvmSregs.CR2));
        add(text, "cr3", sregs.getLong(KvmSregs.CR3));
        add(text, "cr4", sregs.getLong(KvmSregs.CR4));
        add(text, "efer", sregs.getLong(KvmSregs.EFER));
        return new RegisterDump(regs.getLong(KvmRegs.RIP), text.toString().strip());
    }

    private static UnsafeBuffer struct(int size) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(size));
    }

    private static void segment(StringBuilder text, String name, UnsafeBuffer sregs, int at) {
        add(text, name, sregs.getShort(at + KvmSegment.SELECTOR) & 0xffffL);
        text.append('@').append(Long.toHexString(sregs.getLong(at + KvmSegment.BASE)));
    }

    private static void table(StringBuilder text, String name, UnsafeBuffer sregs, int at) {
        add(text, name, sregs.getShort(at + KvmDtable.LIMIT) & 0xffffL);
        text.append('@').append(Long.toHexString(sregs.getLong(at + KvmDtable.BASE)));
    }

    private static void add(StringBuilder text, String name, long value) {
        text.append(' ').append(name).append('=').append(Long.toHexString(value));
    }
}
