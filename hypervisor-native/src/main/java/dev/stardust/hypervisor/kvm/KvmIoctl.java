package dev.stardust.hypervisor.kvm;

/**
 * The ioctls of {@code <linux/kvm.h>} that this VMM uses. A number is computed as {@code <asm-generic/ioctl.h>} does it:
 * direction in bits 30-31, argument size in 16-29, type 0xAE in 8-15, number in 0-7.
 */
public enum KvmIoctl {
    KVM_GET_API_VERSION(Direction.NONE, 0x00, 0),
    KVM_CREATE_VM(Direction.NONE, 0x01, 0),
    KVM_GET_MSR_INDEX_LIST(Direction.READ_WRITE, 0x02, KvmStructs.KvmMsrList.SIZE),
    KVM_CHECK_EXTENSION(Direction.NONE, 0x03, 0),
    KVM_GET_VCPU_MMAP_SIZE(Direction.NONE, 0x04, 0),
    KVM_GET_SUPPORTED_CPUID(Direction.READ_WRITE, 0x05, KvmStructs.KvmCpuid2.SIZE),
    KVM_CREATE_VCPU(Direction.NONE, 0x41, 0),
    KVM_GET_DIRTY_LOG(Direction.WRITE, 0x42, KvmStructs.KvmDirtyLog.SIZE),
    KVM_SET_USER_MEMORY_REGION(Direction.WRITE, 0x46, KvmStructs.KvmUserspaceMemoryRegion.SIZE),
    KVM_SET_TSS_ADDR(Direction.NONE, 0x47, 0),
    KVM_SET_IDENTITY_MAP_ADDR(Direction.WRITE, 0x48, 8),
    KVM_CREATE_IRQCHIP(Direction.NONE, 0x60, 0),
    KVM_IRQ_LINE(Direction.WRITE, 0x61, KvmStructs.KvmIrqLevel.SIZE),
    KVM_GET_IRQCHIP(Direction.READ_WRITE, 0x62, KvmStructs.KvmIrqchip.SIZE),
    KVM_SET_IRQCHIP(Direction.READ, 0x63, KvmStructs.KvmIrqchip.SIZE),
    KVM_IRQFD(Direction.WRITE, 0x76, KvmStructs.KvmIrqfd.SIZE),
    KVM_IOEVENTFD(Direction.WRITE, 0x79, KvmStructs.KvmIoeventfd.SIZE),
    KVM_CREATE_PIT2(Direction.WRITE, 0x77, KvmStructs.KvmPitConfig.SIZE),
    KVM_SET_CLOCK(Direction.WRITE, 0x7b, KvmStructs.KvmClockData.SIZE),
    KVM_GET_CLOCK(Direction.READ, 0x7c, KvmStructs.KvmClockData.SIZE),
    KVM_RUN(Direction.NONE, 0x80, 0),
    KVM_GET_REGS(Direction.READ, 0x81, KvmStructs.KvmRegs.SIZE),
    KVM_SET_REGS(Direction.WRITE, 0x82, KvmStructs.KvmRegs.SIZE),
    KVM_GET_SREGS(Direction.READ, 0x83, KvmStructs.KvmSregs.SIZE),
    KVM_SET_SREGS(Direction.WRITE, 0x84, KvmStructs.KvmSregs.SIZE),
    KVM_GET_MSRS(Direction.READ_WRITE, 0x88, KvmStructs.KvmMsrs.SIZE),
    KVM_SET_MSRS(Direction.WRITE, 0x89, KvmStructs.KvmMsrs.SIZE),
    KVM_GET_FPU(Direction.READ, 0x8c, KvmStructs.KvmFpu.SIZE),
    KVM_SET_FPU(Direction.WRITE, 0x8d, KvmStructs.KvmFpu.SIZE),
    KVM_GET_LAPIC(Direction.READ, 0x8e, KvmStructs.KvmLapicState.SIZE),
    KVM_SET_LAPIC(Direction.WRITE, 0x8f, KvmStructs.KvmLapicState.SIZE),
    KVM_SET_CPUID2(Direction.WRITE, 0x90, KvmStructs.KvmCpuid2.SIZE),
    KVM_GET_MP_STATE(Direction.READ, 0x98, KvmStructs.KvmMpState.SIZE),
    KVM_SET_MP_STATE(Direction.WRITE, 0x99, KvmStructs.KvmMpState.SIZE),
    KVM_GET_VCPU_EVENTS(Direction.READ, 0x9f, KvmStructs.KvmVcpuEvents.SIZE),
    KVM_SET_VCPU_EVENTS(Direction.WRITE, 0xa0, KvmStructs.KvmVcpuEvents.SIZE),
    KVM_GET_DEBUGREGS(Direction.READ, 0xa1, KvmStructs.KvmDebugregs.SIZE),
    KVM_SET_DEBUGREGS(Direction.WRITE, 0xa2, KvmStructs.KvmDebugregs.SIZE),
    KVM_GET_TSC_KHZ(Direction.NONE, 0xa3, 0),
    KVM_KVMCLOCK_CTRL(Direction.NONE, 0xad, 0),
    KVM_GET_XSAVE(Direction.READ, 0xa4, KvmStructs.KvmXsave.SIZE),
    KVM_SET_XSAVE(Direction.WRITE, 0xa5, KvmStructs.KvmXsave.SIZE),
    KVM_GET_XCRS(Direction.READ, 0xa6, KvmStructs.KvmXcrs.SIZE),
    KVM_SET_XCRS(Direction.WRITE, 0xa7, KvmStructs.KvmXcrs.SIZE),
    KVM_GET_SREGS2(Direction.READ, 0xcc, KvmStructs.KvmSregs2.SIZE),
    KVM_SET_SREGS2(Direction.WRITE, 0xcd, KvmStructs.KvmSregs2.SIZE);

    private static final int TYPE = 0xAE;

    private final long number;

    KvmIoctl(Direction direction, int nr, int size) {
        number = (direction.bits << 30) | ((long) size << 16) | (TYPE << 8) | nr;
    }

    /** The request number that goes to {@code ioctl(2)}. */
    public long number() {
        return number;
    }

    /** Which way the argument goes, seen from user space. */
    private enum Direction {
        NONE(0),
        WRITE(1),
        READ(2),
        READ_WRITE(3);

        private final long bits;

        Direction(long bits) {
            this.bits = bits;
        }
    }
}
