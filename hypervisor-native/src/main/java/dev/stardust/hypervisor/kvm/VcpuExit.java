package dev.stardust.hypervisor.kvm;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * Why a vCPU came back to user space: a flyweight over its {@code kvm_run} page, valid until the next
 * {@link KvmVcpu#run()}. Reading it allocates nothing. The accessors of one kind mean nothing for another.
 */
public final class VcpuExit {
    /** The kinds of exit this VMM tells apart ({@code KVM_EXIT_*}). */
    public enum Kind {
        IO(2),
        HLT(5),
        MMIO(6),
        SHUTDOWN(8),
        FAIL_ENTRY(9),
        INTR(10),
        INTERNAL_ERROR(17),
        SYSTEM_EVENT(24),
        /** Any other; {@link VcpuExit#reason()} has the number. */
        OTHER(-1);

        private static final Kind[] BY_REASON = new Kind[64];

        static {
            java.util.Arrays.fill(BY_REASON, OTHER);
            for (Kind kind : values()) {
                if (kind.reason >= 0) {
                    BY_REASON[kind.reason] = kind;
                }
            }
        }

        private final int reason;

        Kind(int reason) {
            this.reason = reason;
        }

        static Kind of(int reason) {
            return reason >= 0 && reason < BY_REASON.length ? BY_REASON[reason] : OTHER;
        }
    }

    private static final int IO_OUT = 1;

    private final UnsafeBuffer run;

    VcpuExit(UnsafeBuffer run) {
        this.run = run;
    }

    /** The kind of exit. */
    public Kind kind() {
        return Kind.of(reason());
    }

    /** The kernel's number of the exit. */
    public int reason() {
        return run.getInt(KvmRunLayout.EXIT_REASON);
    }

    /** IO: whether the guest writes. */
    public boolean ioIsWrite() {
        return run.getByte(KvmRunLayout.Io.DIRECTION) == IO_OUT;
    }

    /** IO: the port. */
    public int ioPort() {
        return run.getShort(KvmRunLayout.Io.PORT) & 0xffff;
    }

    /** IO: bytes of one access, 1, 2 or 4. */
    public int ioWidth() {
        return run.getByte(KvmRunLayout.Io.SIZE) & 0xff;
    }

    /** IO: number of accesses, more than one for a string instruction. */
    public int ioCount() {
        return run.getInt(KvmRunLayout.Io.COUNT);
    }

    /** IO: what the guest writes in access {@code n}. */
    public long ioValue(int n) {
        int width = ioWidth();
        return get(ioDataOffset(n, width), width);
    }

    /** IO: what the guest reads in access {@code n}. */
    public void ioAnswer(int n, long value) {
        int width = ioWidth();
        put(ioDataOffset(n, width), width, value);
    }

    /** MMIO: whether the guest writes. */
    public boolean mmioIsWrite() {
        return run.getByte(KvmRunLayout.Mmio.IS_WRITE) != 0;
    }

    /** MMIO: the guest-physical address. */
    public long mmioAddress() {
        return run.getLong(KvmRunLayout.Mmio.PHYS_ADDR);
    }

    /** MMIO: bytes of the access, 1 to 8 (an access across two pages comes as two of odd widths). */
    public int mmioWidth() {
        return Math.min(run.getInt(KvmRunLayout.Mmio.LEN), Long.BYTES);
    }

    /** MMIO: what the guest writes, in the low bytes; the rest is zero. */
    public long mmioValue() {
        long value = run.getLong(KvmRunLayout.Mmio.DATA);
        int width = mmioWidth();
        return width >= Long.BYTES ? value : value & ((1L << (width * 8)) - 1);
    }

    /** MMIO: what the guest reads. */
    public void mmioAnswer(long value) {
        run.putLong(KvmRunLayout.Mmio.DATA, value);
    }

    /** A text for the user that names the exit and what the kernel tells about it. */
    public String describe() {
        return switch (kind()) {
            case IO ->
                "KVM_EXIT_IO (" + (ioIsWrite() ? "out" : "in") + " port 0x" + Integer.toHexString(ioPort()) + ")";
            case HLT -> "KVM_EXIT_HLT";
            case MMIO ->
                "KVM_EXIT_MMIO ("
                        + (mmioIsWrite() ? "write" : "read")
                        + " at 0x"
                        + Long.toHexString(mmioAddress())
                        + ")";
            case SHUTDOWN -> "KVM_EXIT_SHUTDOWN (the guest took a triple fault)";
            case FAIL_ENTRY ->
                "KVM_EXIT_FAIL_ENTRY (hardware reason 0x"
                        + Long.toHexString(run.getLong(KvmRunLayout.FailEntry.HARDWARE_ENTRY_FAILURE_REASON))
                        + ")";
            case INTR -> "KVM_EXIT_INTR";
            case INTERNAL_ERROR ->
                "KVM_EXIT_INTERNAL_ERROR (suberror " + internalError(run.getInt(KvmRunLayout.Internal.SUBERROR)) + ")";
            case SYSTEM_EVENT -> "KVM_EXIT_SYSTEM_EVENT (type " + run.getInt(KvmRunLayout.SystemEvent.TYPE) + ")";
            case OTHER -> "KVM exit " + reason();
        };
    }

    private static String internalError(int suberror) {
        return switch (suberror) {
            case 1 -> "1, an instruction could not be emulated";
            case 2 -> "2, two exceptions at once";
            case 3 -> "3, an event could not be delivered";
            default -> Integer.toString(suberror);
        };
    }

    private int ioDataOffset(int n, int width) {
        return Math.toIntExact(run.getLong(KvmRunLayout.Io.DATA_OFFSET)) + n * width;
    }

    private long get(int offset, int width) {
        return switch (width) {
            case 1 -> run.getByte(offset) & 0xffL;
            case 2 -> run.getShort(offset) & 0xffffL;
            default -> run.getInt(offset) & 0xffff_ffffL;
        };
    }

    private void put(int offset, int width, long value) {
        switch (width) {
            case 1 -> run.putByte(offset, (byte) value);
            case 2 -> run.putShort(offset, (short) value);
            default -> run.putInt(offset, (int) value);
        }
    }
}
