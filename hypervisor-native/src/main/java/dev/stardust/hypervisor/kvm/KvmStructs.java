package dev.stardust.hypervisor.kvm;

/**
 * Sizes and field offsets in bytes of the structures of {@code <linux/kvm.h>} for x86-64, in the kernel's field order.
 * A class is the structure of the same name ({@code KvmRegs} is {@code kvm_regs}), a class inside it a member that is
 * itself a structure, a constant a field. The layout test compiles the header and compares all of them.
 */
public final class KvmStructs {
    private KvmStructs() {}

    /** General registers. */
    public static final class KvmRegs {
        public static final int RAX = 0;
        public static final int RBX = RAX + 8;
        public static final int RCX = RBX + 8;
        public static final int RDX = RCX + 8;
        public static final int RSI = RDX + 8;
        public static final int RDI = RSI + 8;
        public static final int RSP = RDI + 8;
        public static final int RBP = RSP + 8;
        public static final int R8 = RBP + 8;
        public static final int R9 = R8 + 8;
        public static final int R10 = R9 + 8;
        public static final int R11 = R10 + 8;
        public static final int R12 = R11 + 8;
        public static final int R13 = R12 + 8;
        public static final int R14 = R13 + 8;
        public static final int R15 = R14 + 8;
        public static final int RIP = R15 + 8;
        public static final int RFLAGS = RIP + 8;
        public static final int SIZE = RFLAGS + 8;

        private KvmRegs() {}
    }

    /** A segment register with its cached descriptor. */
    public static final class KvmSegment {
        public static final int BASE = 0;
        public static final int LIMIT = BASE + 8;
        public static final int SELECTOR = LIMIT + 4;
        public static final int TYPE = SELECTOR + 2;
        public static final int PRESENT = TYPE + 1;
        public static final int DPL = PRESENT + 1;
        public static final int DB = DPL + 1;
        public static final int S = DB + 1;
        public static final int L = S + 1;
        public static final int G = L + 1;
        public static final int AVL = G + 1;
        public static final int UNUSABLE = AVL + 1;
        public static final int SIZE = UNUSABLE + 2;

        private KvmSegment() {}
    }

    /** A descriptor table register. */
    public static final class KvmDtable {
        public static final int BASE = 0;
        public static final int LIMIT = BASE + 8;
        public static final int SIZE = LIMIT + 8;

        private KvmDtable() {}
    }

    /** Segment, table, control registers and pending interrupts. */
    public static final class KvmSregs {
        public static final int CS = 0;
        public static final int DS = CS + KvmSegment.SIZE;
        public static final int ES = DS + KvmSegment.SIZE;
        public static final int FS = ES + KvmSegment.SIZE;
        public static final int GS = FS + KvmSegment.SIZE;
        public static final int SS = GS + KvmSegment.SIZE;
        public static final int TR = SS + KvmSegment.SIZE;
        public static final int LDT = TR + KvmSegment.SIZE;
        public static final int GDT = LDT + KvmSegment.SIZE;
        public static final int IDT = GDT + KvmDtable.SIZE;
        public static final int CR0 = IDT + KvmDtable.SIZE;
        public static final int CR2 = CR0 + 8;
        public static final int CR3 = CR2 + 8;
        public static final int CR4 = CR3 + 8;
        public static final int CR8 = CR4 + 8;
        public static final int EFER = CR8 + 8;
        public static final int APIC_BASE = EFER + 8;
        public static final int INTERRUPT_BITMAP = APIC_BASE + 8;
        public static final int SIZE = INTERRUPT_BITMAP + 32;

        private KvmSregs() {}
    }

    /** As {@code kvm_sregs}, with the PDPTRs in place of the interrupt bitmap. */
    public static final class KvmSregs2 {
        public static final int FLAGS = KvmSregs.INTERRUPT_BITMAP;
        public static final int PDPTRS = FLAGS + 8;
        public static final int SIZE = PDPTRS + 32;

        private KvmSregs2() {}
    }

    /** x87 and SSE state. */
    public static final class KvmFpu {
        public static final int FPR = 0;
        public static final int FCW = FPR + 128;
        public static final int FSW = FCW + 2;
        public static final int FTWX = FSW + 2;
        public static final int LAST_OPCODE = FTWX + 2;
        public static final int LAST_IP = LAST_OPCODE + 2;
        public static final int LAST_DP = LAST_IP + 8;
        public static final int XMM = LAST_DP + 8;
        public static final int MXCSR = XMM + 256;
        public static final int SIZE = MXCSR + 8;

        private KvmFpu() {}
    }

    /** The XSAVE area. */
    public static final class KvmXsave {
        public static final int REGION = 0;
        public static final int SIZE = REGION + 4096;

        private KvmXsave() {}
    }

    /** The local APIC's register page. */
    public static final class KvmLapicState {
        public static final int REGS = 0;
        public static final int SIZE = REGS + 1024;

        private KvmLapicState() {}
    }

    /** One of the three interrupt chips: 0 and 1 are the PICs, 2 is the IOAPIC. */
    public static final class KvmIrqchip {
        public static final int CHIP_ID = 0;
        public static final int CHIP = CHIP_ID + 8;
        public static final int SIZE = CHIP + 512;

        private KvmIrqchip() {}
    }

    /** Head of a list of MSR entries. */
    public static final class KvmMsrs {
        public static final int NMSRS = 0;
        public static final int ENTRIES = NMSRS + 8;
        public static final int SIZE = ENTRIES;

        private KvmMsrs() {}
    }

    /** One MSR and its value. */
    public static final class KvmMsrEntry {
        public static final int INDEX = 0;
        public static final int DATA = INDEX + 8;
        public static final int SIZE = DATA + 8;

        private KvmMsrEntry() {}
    }

    /** Head of a list of MSR numbers. */
    public static final class KvmMsrList {
        public static final int NMSRS = 0;
        public static final int INDICES = NMSRS + 4;
        public static final int SIZE = INDICES;

        private KvmMsrList() {}
    }

    /** Pending exceptions, interrupts, NMIs and SMIs. */
    public static final class KvmVcpuEvents {
        public static final int EXCEPTION = 0;
        public static final int INTERRUPT = EXCEPTION + 8;
        public static final int NMI = INTERRUPT + 4;
        public static final int SIPI_VECTOR = NMI + 4;
        public static final int FLAGS = SIPI_VECTOR + 4;
        public static final int SMI = FLAGS + 4;
        public static final int TRIPLE_FAULT = SMI + 4;
        public static final int SIZE = 64;

        private KvmVcpuEvents() {}
    }

    /** Runnable, halted or waiting for INIT or SIPI. */
    public static final class KvmMpState {
        public static final int MP_STATE = 0;
        public static final int SIZE = MP_STATE + 4;

        private KvmMpState() {}
    }

    /** Debug registers. */
    public static final class KvmDebugregs {
        public static final int DB = 0;
        public static final int DR6 = DB + 32;
        public static final int DR7 = DR6 + 8;
        public static final int FLAGS = DR7 + 8;
        public static final int SIZE = 128;

        private KvmDebugregs() {}
    }

    /** Extended control registers. */
    public static final class KvmXcrs {
        public static final int NR_XCRS = 0;
        public static final int FLAGS = NR_XCRS + 4;
        public static final int XCRS = FLAGS + 4;
        public static final int SIZE = 392;

        private KvmXcrs() {}
    }

    /** The VM's kvmclock in nanoseconds. */
    public static final class KvmClockData {
        public static final int CLOCK = 0;
        public static final int FLAGS = CLOCK + 8;
        public static final int REALTIME = FLAGS + 8;
        public static final int HOST_TSC = REALTIME + 8;
        public static final int SIZE = HOST_TSC + 24;

        private KvmClockData() {}
    }

    /** A memory slot. */
    public static final class KvmUserspaceMemoryRegion {
        public static final int SLOT = 0;
        public static final int FLAGS = SLOT + 4;
        public static final int GUEST_PHYS_ADDR = FLAGS + 4;
        public static final int MEMORY_SIZE = GUEST_PHYS_ADDR + 8;
        public static final int USERSPACE_ADDR = MEMORY_SIZE + 8;
        public static final int SIZE = USERSPACE_ADDR + 8;

        private KvmUserspaceMemoryRegion() {}
    }

    /** What a PIT is made with. */
    public static final class KvmPitConfig {
        public static final int FLAGS = 0;
        public static final int SIZE = FLAGS + 64;

        private KvmPitConfig() {}
    }

    /** An eventfd that raises an interrupt. */
    public static final class KvmIrqfd {
        public static final int FD = 0;
        public static final int GSI = FD + 4;
        public static final int FLAGS = GSI + 4;
        public static final int RESAMPLEFD = FLAGS + 4;
        public static final int SIZE = RESAMPLEFD + 20;

        private KvmIrqfd() {}
    }

    /** An eventfd that a guest's write signals. */
    public static final class KvmIoeventfd {
        public static final int DATAMATCH = 0;
        public static final int ADDR = DATAMATCH + 8;
        public static final int LEN = ADDR + 8;
        public static final int FD = LEN + 4;
        public static final int FLAGS = FD + 4;
        public static final int SIZE = 64;

        private KvmIoeventfd() {}
    }

    /** An interrupt line and its level. */
    public static final class KvmIrqLevel {
        public static final int IRQ = 0;
        public static final int LEVEL = IRQ + 4;
        public static final int SIZE = LEVEL + 4;

        private KvmIrqLevel() {}
    }

    /** Where the dirty bitmap of a slot goes. */
    public static final class KvmDirtyLog {
        public static final int SLOT = 0;
        public static final int DIRTY_BITMAP = SLOT + 8;
        public static final int SIZE = DIRTY_BITMAP + 8;

        private KvmDirtyLog() {}
    }

    /** Head of a list of CPUID entries. */
    public static final class KvmCpuid2 {
        public static final int NENT = 0;
        public static final int ENTRIES = NENT + 8;
        public static final int SIZE = ENTRIES;

        private KvmCpuid2() {}
    }

    /** One CPUID leaf. */
    public static final class KvmCpuidEntry2 {
        public static final int FUNCTION = 0;
        public static final int INDEX = FUNCTION + 4;
        public static final int FLAGS = INDEX + 4;
        public static final int EAX = FLAGS + 4;
        public static final int EBX = EAX + 4;
        public static final int ECX = EBX + 4;
        public static final int EDX = ECX + 4;
        public static final int SIZE = EDX + 16;

        private KvmCpuidEntry2() {}
    }
}
