package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.kvm.KvmIoctl;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmDtable;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmRegs;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSegment;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSregs;
import dev.stardust.hypervisor.kvm.KvmVcpu;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The flat 64-bit entry: an {@link Elf64} kernel is copied to its physical addresses and entered in long mode at CPL0
 * with interrupts off.
 *
 * <p>Below {@link Elf64#LOAD_START} the loader leaves (all guest-physical):
 *
 * <pre>
 *   0x00500  GDT: null, null, 0x10 code, 0x18 data
 *   0x08ff0  first stack pointer
 *   0x09000  PML4
 *   0x0a000  PDPT
 *   0x0b000  four page directories: the first 4 GiB, identical, by 2 MiB pages
 *   0x20000  command line, NUL-terminated
 * </pre>
 *
 * RSI has the address of the command line, RDI the size of RAM in bytes.
 */
public final class FlatBoot {
    /** Most bytes of a command line, without its NUL. */
    public static final int MAX_COMMAND_LINE = 2047;

    private static final int GDT = 0x500;
    private static final int STACK = 0x8ff0;
    private static final int PML4 = 0x9000;
    private static final int PDPT = 0xa000;
    private static final int PAGE_DIRECTORIES = 0xb000;
    private static final int COMMAND_LINE = 0x20000;
    private static final int PAGE = 0x1000;
    private static final int ENTRIES = 512;
    private static final int DIRECTORIES = 4;
    private static final int LARGE_PAGE_SHIFT = 21;

    private static final long PRESENT_WRITABLE = 3;
    private static final long LARGE = 0x80;
    private static final int CODE_SELECTOR = 0x10;
    private static final int DATA_SELECTOR = 0x18;
    private static final long CODE_DESCRIPTOR = 0x00af_9b00_0000_ffffL;
    private static final long DATA_DESCRIPTOR = 0x00cf_9300_0000_ffffL;
    private static final int CODE_TYPE = 11; // execute, read, accessed
    private static final int DATA_TYPE = 3; // read, write, accessed
    private static final int TSS_TYPE = 11; // busy 64-bit TSS

    private static final long CR0_PE_MP_ET_NE_WP_PG = 0x8001_0033L;
    private static final long CR4_PAE_OSFXSR_OSXMMEXCPT = 0x620;
    private static final long EFER_LME_LMA = 0x500;
    private static final long RFLAGS_RESERVED = 2;

    private FlatBoot() {}

    /**
     * Puts kernel, tables and command line into memory. Memory must be zeroed.
     *
     * @throws BootException if the kernel does not fit or the command line is too long
     */
    public static void load(GuestMemory memory, Elf64 kernel, String commandLine) {
        if (kernel.endAddress() > memory.sizeBytes()) {
            throw new BootException("the kernel reaches up to " + (kernel.endAddress() >> 20)
                    + " MiB, but memory has only " + (memory.sizeBytes() >> 20) + " MiB");
        }
        for (Elf64.Segment segment : kernel.segments()) {
            memory.write(segment.address(), new UnsafeBuffer(kernel.file()), segment.fileOffset(), segment.fileBytes());
        }
        prepare(memory, commandLine);
    }

    /**
     * Puts tables and command line into memory, for code that is there already.
     *
     * @throws BootException if the command line is too long
     */
    public static void prepare(GuestMemory memory, String commandLine) {
        if (commandLine.length() > MAX_COMMAND_LINE) {
            throw new BootException("the command line has " + commandLine.length()
                    + " bytes with what the machine adds; at most " + MAX_COMMAND_LINE + " fit");
        }
        if (commandLine.chars().anyMatch(c -> c < 0x20 || c > 0x7e)) {
            throw new BootException("the command line has a character that is not printable ASCII");
        }
        memory.write(COMMAND_LINE, commandLine.getBytes(StandardCharsets.US_ASCII));
        memory.putU64(GDT + CODE_SELECTOR, CODE_DESCRIPTOR);
        memory.putU64(GDT + DATA_SELECTOR, DATA_DESCRIPTOR);
        memory.putU64(PML4, PDPT | PRESENT_WRITABLE);
        for (long i = 0; i < DIRECTORIES; i++) {
            memory.putU64(PDPT + i * Long.BYTES, (PAGE_DIRECTORIES + i * PAGE) | PRESENT_WRITABLE);
        }
        for (long i = 0; i < DIRECTORIES * ENTRIES; i++) {
            memory.putU64(PAGE_DIRECTORIES + i * Long.BYTES, (i << LARGE_PAGE_SHIFT) | LARGE | PRESENT_WRITABLE);
        }
    }

    /** Sets the registers of vCPU 0 to enter at {@code entry} in memory that was prepared. */
    public static void enter(KvmVcpu vcpu, GuestMemory memory, long entry) {
        UnsafeBuffer sregs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmSregs.SIZE));
        vcpu.get(KvmIoctl.KVM_GET_SREGS, sregs);
        segment(sregs, KvmSregs.CS, CODE_SELECTOR, CODE_TYPE, true);
        for (int data : new int[] {KvmSregs.DS, KvmSregs.ES, KvmSregs.FS, KvmSregs.GS, KvmSregs.SS}) {
            segment(sregs, data, DATA_SELECTOR, DATA_TYPE, false);
        }
        sregs.putByte(KvmSregs.TR + KvmSegment.TYPE, (byte) TSS_TYPE);
        sregs.putByte(KvmSregs.TR + KvmSegment.PRESENT, (byte) 1);
        sregs.putByte(KvmSregs.TR + KvmSegment.S, (byte) 0);
        sregs.putLong(KvmSregs.GDT + KvmDtable.BASE, GDT);
        sregs.putShort(KvmSregs.GDT + KvmDtable.LIMIT, (short) (DATA_SELECTOR + Long.BYTES - 1));
        sregs.putLong(KvmSregs.IDT + KvmDtable.BASE, 0);
        sregs.putShort(KvmSregs.IDT + KvmDtable.LIMIT, (short) 0);
        sregs.putLong(KvmSregs.CR0, CR0_PE_MP_ET_NE_WP_PG);
        sregs.putLong(KvmSregs.CR3, PML4);
        sregs.putLong(KvmSregs.CR4, CR4_PAE_OSFXSR_OSXMMEXCPT);
        sregs.putLong(KvmSregs.EFER, EFER_LME_LMA);
        vcpu.set(KvmIoctl.KVM_SET_SREGS, sregs);

        UnsafeBuffer regs = new UnsafeBuffer(ByteBuffer.allocateDirect(KvmRegs.SIZE));
        regs.putLong(KvmRegs.RIP, entry);
        regs.putLong(KvmRegs.RSP, STACK);
        regs.putLong(KvmRegs.RSI, COMMAND_LINE);
        regs.putLong(KvmRegs.RDI, memory.sizeBytes());
        regs.putLong(KvmRegs.RFLAGS, RFLAGS_RESERVED);
        vcpu.set(KvmIoctl.KVM_SET_REGS, regs);
    }

    private static void segment(UnsafeBuffer sregs, int at, int selector, int type, boolean code) {
        sregs.putLong(at + KvmSegment.BASE, 0);
        sregs.putInt(at + KvmSegment.LIMIT, -1);
        sregs.putShort(at + KvmSegment.SELECTOR, (short) selector);
        sregs.putByte(at + KvmSegment.TYPE, (byte) type);
        sregs.putByte(at + KvmSegment.PRESENT, (byte) 1);
        sregs.putByte(at + KvmSegment.DPL, (byte) 0);
        sregs.putByte(at + KvmSegment.DB, (byte) (code ? 0 : 1));
        sregs.putByte(at + KvmSegment.S, (byte) 1);
        sregs.putByte(at + KvmSegment.L, (byte) (code ? 1 : 0));
        sregs.putByte(at + KvmSegment.G, (byte) 1);
        sregs.putByte(at + KvmSegment.AVL, (byte) 0);
        sregs.putByte(at + KvmSegment.UNUSABLE, (byte) 0);
    }
}
