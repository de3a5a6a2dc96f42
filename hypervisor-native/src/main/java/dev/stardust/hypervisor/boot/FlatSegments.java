package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.kvm.KvmStructs.KvmDtable;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSegment;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmSregs;
import dev.stardust.hypervisor.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Segments that cover everything: a GDT at 0x500 (null, null, 0x10 code, 0x18 data, the selectors that Linux's boot
 * protocol asks for) and segment registers that agree with it.
 */
final class FlatSegments {
    private static final int GDT = 0x500;
    private static final int CODE_SELECTOR = 0x10;
    private static final int DATA_SELECTOR = 0x18;
    private static final long CODE_64 = 0x00af_9b00_0000_ffffL;
    private static final long CODE_32 = 0x00cf_9b00_0000_ffffL;
    private static final long DATA = 0x00cf_9300_0000_ffffL;
    private static final int CODE_TYPE = 11; // execute, read, accessed
    private static final int DATA_TYPE = 3; // read, write, accessed
    private static final int TSS_TYPE = 11; // busy
    private static final int TSS_LIMIT = 0x67;

    private FlatSegments() {}

    static void writeTable(GuestMemory memory, boolean longMode) {
        memory.putU64(GDT + CODE_SELECTOR, longMode ? CODE_64 : CODE_32);
        memory.putU64(GDT + DATA_SELECTOR, DATA);
    }

    static void set(UnsafeBuffer sregs, boolean longMode) {
        segment(sregs, KvmSregs.CS, CODE_SELECTOR, CODE_TYPE, longMode);
        for (int data : new int[] {KvmSregs.DS, KvmSregs.ES, KvmSregs.FS, KvmSregs.GS, KvmSregs.SS}) {
            segment(sregs, data, DATA_SELECTOR, DATA_TYPE, false);
        }
        sregs.putLong(KvmSregs.TR + KvmSegment.BASE, 0);
        sregs.putInt(KvmSregs.TR + KvmSegment.LIMIT, TSS_LIMIT);
        sregs.putByte(KvmSregs.TR + KvmSegment.TYPE, (byte) TSS_TYPE);
        sregs.putByte(KvmSregs.TR + KvmSegment.PRESENT, (byte) 1);
        sregs.putByte(KvmSregs.TR + KvmSegment.S, (byte) 0);
        sregs.putLong(KvmSregs.GDT + KvmDtable.BASE, GDT);
        sregs.putShort(KvmSregs.GDT + KvmDtable.LIMIT, (short) (DATA_SELECTOR + Long.BYTES - 1));
        sregs.putLong(KvmSregs.IDT + KvmDtable.BASE, 0);
        sregs.putShort(KvmSregs.IDT + KvmDtable.LIMIT, (short) 0);
    }

    private static void segment(UnsafeBuffer sregs, int at, int selector, int type, boolean is64) {
        sregs.putLong(at + KvmSegment.BASE, 0);
        sregs.putInt(at + KvmSegment.LIMIT, -1);
        sregs.putShort(at + KvmSegment.SELECTOR, (short) selector);
        sregs.putByte(at + KvmSegment.TYPE, (byte) type);
        sregs.putByte(at + KvmSegment.PRESENT, (byte) 1);
        sregs.putByte(at + KvmSegment.DPL, (byte) 0);
        sregs.putByte(at + KvmSegment.DB, (byte) (is64 ? 0 : 1));
        sregs.putByte(at + KvmSegment.S, (byte) 1);
        sregs.putByte(at + KvmSegment.L, (byte) (is64 ? 1 : 0));
        sregs.putByte(at + KvmSegment.G, (byte) 1);
        sregs.putByte(at + KvmSegment.AVL, (byte) 0);
        sregs.putByte(at + KvmSegment.UNUSABLE, (byte) 0);
    }
}
