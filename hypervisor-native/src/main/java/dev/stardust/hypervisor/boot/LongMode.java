package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.kvm.KvmIoctl;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmRegs;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSregs;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * 64-bit kernel mode with interrupts off, flat segments, and the first 4 GiB mapped one to one by 2 MiB pages. The page
 * tables are at 0x9000 (PML4), 0xa000 (PDPT) and 0xb000 to 0xefff (directories); the stack grows down from 0x8ff0.
 *
 * @param rip where the kernel is entered
 * @param rsi what RSI holds
 */
public record LongMode(long rip, long rsi) implements EntryState {
    private static final int STACK = 0x8ff0;
    private static final int PML4 = 0x9000;
    private static final int PDPT = 0xa000;
    private static final int PAGE_DIRECTORIES = 0xb000;
    private static final int PAGE = 0x1000;
    private static final int ENTRIES = 512;
    private static final int DIRECTORIES = 4;
    private static final int LARGE_PAGE_SHIFT = 21;
    private static final long PRESENT_WRITABLE = 3;
    private static final long LARGE = 0x80;

    private static final long CR0_PE_MP_ET_NE_WP_PG = 0x8001_0033L;
    private static final long CR4_PAE_OSFXSR_OSXMMEXCPT = 0x620;
    private static final long EFER_LME_LMA = 0x500;
    private static final long RFLAGS_RESERVED = 2;

    /** Writes the tables that the entry needs. */
    public static LongMode prepare(GuestMemory memory, long rip, long rsi) {
        FlatSegments.writeTable(memory, true);
        memory.putU64(PML4, PDPT | PRESENT_WRITABLE);
        for (long i = 0; i < DIRECTORIES; i++) {
            memory.putU64(PDPT + i * Long.BYTES, (PAGE_DIRECTORIES + i * PAGE) | PRESENT_WRITABLE);
        }
        for (long i = 0; i < DIRECTORIES * ENTRIES; i++) {
            memory.putU64(PAGE_DIRECTORIES + i * Long.BYTES, (i << LARGE_PAGE_SHIFT) | LARGE | PRESENT_WRITABLE);
        }
        return new LongMode(rip, rsi);
    }

    @Override
    public void applyTo(KvmVcpu vcpu) {
        UnsafeBuffer sregs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmSregs.SIZE));
        vcpu.get(KvmIoctl.KVM_GET_SREGS, sregs);
        FlatSegments.set(sregs, true);
        sregs.putLong(KvmSregs.CR0, CR0_PE_MP_ET_NE_WP_PG);
        sregs.putLong(KvmSregs.CR3, PML4);
        sregs.putLong(KvmSregs.CR4, CR4_PAE_OSFXSR_OSXMMEXCPT);
        sregs.putLong(KvmSregs.EFER, EFER_LME_LMA);
        vcpu.set(KvmIoctl.KVM_SET_SREGS, sregs);

        UnsafeBuffer regs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmRegs.SIZE));
        regs.putLong(KvmRegs.RIP, rip);
        regs.putLong(KvmRegs.RSP, STACK);
        regs.putLong(KvmRegs.RSI, rsi);
        regs.putLong(KvmRegs.RFLAGS, RFLAGS_RESERVED);
        vcpu.set(KvmIoctl.KVM_SET_REGS, regs);
    }
}
