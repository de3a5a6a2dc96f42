package dev.stardust.hypervisor.kvm;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/** A virtual machine of KVM. Closing it closes its vCPUs first. */
public final class KvmVm extends KvmFd {
    /** Number of interrupt chips that {@link #getIrqchip} knows: two PICs and the IOAPIC. */
    public static final int IRQCHIPS = 3;

    private static final int LOG_DIRTY_PAGES = 1;
    private static final int READ_ONLY = 2;
    private static final int PIT_WITH_PORT_61 = 1;
    private static final int DATAMATCH = 1;

    private final int runSize;
    private final int[] msrIndices;
    private final List<KvmVcpu> vcpus = new ArrayList<>();

    KvmVm(int fd, int runSize, int[] msrIndices) {
        super(fd);
        this.runSize = runSize;
        this.msrIndices = msrIndices;
    }

    /** Gives KVM three pages and one page of guest-physical space that Intel CPUs need for real mode. */
    public void setTssAddress(long tssAddress, long identityMapAddress) {
        UnsafeBuffer address = struct(Long.BYTES);
        address.putLong(0, identityMapAddress);
        call(KvmIoctl.KVM_SET_IDENTITY_MAP_ADDR, address);
        call(KvmIoctl.KVM_SET_TSS_ADDR, tssAddress);
    }

    /**
     * Sets or changes a memory slot.
     *
     * @param guestAddress guest-physical address in bytes
     * @param size bytes, a multiple of the page size
     * @param hostAddress address in this process; it must stay mapped until the VM is closed
     * @param logDirty whether the kernel notes the pages that the guest writes
     */
    public void setMemory(int slot, long guestAddress, long size, long hostAddress, boolean logDirty) {
        setMemory(slot, guestAddress, size, hostAddress, logDirty ? LOG_DIRTY_PAGES : 0);
    }

    /** As {@link #setMemory}, for memory that the guest can read only: its writes are exits, as to a device. */
    public void setReadOnlyMemory(int slot, long guestAddress, long size, long hostAddress) {
        setMemory(slot, guestAddress, size, hostAddress, READ_ONLY);
    }

    private void setMemory(int slot, long guestAddress, long size, long hostAddress, int flags) {
        UnsafeBuffer region = struct(KvmStructs.KvmUserspaceMemoryRegion.SIZE);
        region.putInt(KvmStructs.KvmUserspaceMemoryRegion.SLOT, slot);
        region.putInt(KvmStructs.KvmUserspaceMemoryRegion.FLAGS, flags);
        region.putLong(KvmStructs.KvmUserspaceMemoryRegion.GUEST_PHYS_ADDR, guestAddress);
        region.putLong(KvmStructs.KvmUserspaceMemoryRegion.MEMORY_SIZE, size);
        region.putLong(KvmStructs.KvmUserspaceMemoryRegion.USERSPACE_ADDR, hostAddress);
        call(KvmIoctl.KVM_SET_USER_MEMORY_REGION, region);
    }

    /**
     * Takes the slot's dirty bitmap, one bit a page, and clears it in the kernel at once.
     *
     * @param bitmap native memory of one bit a page, rounded up to 8 bytes
     */
    public void getDirtyLog(int slot, UnsafeBuffer bitmap) {
        UnsafeBuffer log = struct(KvmStructs.KvmDirtyLog.SIZE);
        log.putInt(KvmStructs.KvmDirtyLog.SLOT, slot);
        log.putLong(KvmStructs.KvmDirtyLog.DIRTY_BITMAP, bitmap.addressOffset());
        try {
            call(KvmIoctl.KVM_GET_DIRTY_LOG, log);
        } finally {
            Reference.reachabilityFence(bitmap);
        }
    }

    /** Makes the PICs and the IOAPIC in the kernel; vCPUs made later have a local APIC. */
    public void createIrqchip() {
        call(KvmIoctl.KVM_CREATE_IRQCHIP, 0);
    }

    /**
     * Makes a PC's interval timer (8254) in the kernel, with the port 0x61 that goes with it; after the interrupt chips.
     * It costs a kernel thread.
     */
    public void createPit() {
        UnsafeBuffer config = struct(KvmStructs.KvmPitConfig.SIZE);
        config.putInt(KvmStructs.KvmPitConfig.FLAGS, PIT_WITH_PORT_61);
        call(KvmIoctl.KVM_CREATE_PIT2, config);
    }

    /** Makes a vCPU. */
    public KvmVcpu createVcpu(int id) {
        KvmVcpu vcpu = new KvmVcpu(call(KvmIoctl.KVM_CREATE_VCPU, id), runSize, msrIndices);
        vcpus.add(vcpu);
        return vcpu;
    }

    /** The wire to an input of the interrupt controllers. */
    public KvmIrqLine irqLine(int gsi) {
        return new KvmIrqLine(this, gsi);
    }

    /** Lets an eventfd raise an edge on an interrupt line. */
    public void addIrqfd(int eventFd, int gsi) {
        UnsafeBuffer irqfd = struct(KvmStructs.KvmIrqfd.SIZE);
        irqfd.putInt(KvmStructs.KvmIrqfd.FD, eventFd);
        irqfd.putInt(KvmStructs.KvmIrqfd.GSI, gsi);
        call(KvmIoctl.KVM_IRQFD, irqfd);
    }

    /**
     * Lets a guest's MMIO write of one value signal an eventfd instead of leaving to user space.
     *
     * @param length bytes of the write
     * @param value the value written
     */
    public void addIoeventfd(int eventFd, long address, int length, long value) {
        UnsafeBuffer ioeventfd = struct(KvmStructs.KvmIoeventfd.SIZE);
        ioeventfd.putLong(KvmStructs.KvmIoeventfd.DATAMATCH, value);
        ioeventfd.putLong(KvmStructs.KvmIoeventfd.ADDR, address);
        ioeventfd.putInt(KvmStructs.KvmIoeventfd.LEN, length);
        ioeventfd.putInt(KvmStructs.KvmIoeventfd.FD, eventFd);
        ioeventfd.putInt(KvmStructs.KvmIoeventfd.FLAGS, DATAMATCH);
        call(KvmIoctl.KVM_IOEVENTFD, ioeventfd);
    }

    /** The VM's {@code kvm_clock_data}. */
    public UnsafeBuffer getClock() {
        UnsafeBuffer clock = struct(KvmStructs.KvmClockData.SIZE);
        call(KvmIoctl.KVM_GET_CLOCK, clock);
        return clock;
    }

    /** Sets the VM's clock, in nanoseconds since it was started. */
    public void setClock(long nanoseconds) {
        UnsafeBuffer clock = struct(KvmStructs.KvmClockData.SIZE);
        clock.putLong(KvmStructs.KvmClockData.CLOCK, nanoseconds);
        call(KvmIoctl.KVM_SET_CLOCK, clock);
    }

    /** The {@code kvm_irqchip} of a chip, 0 to 2. */
    public UnsafeBuffer getIrqchip(int chip) {
        UnsafeBuffer state = struct(KvmStructs.KvmIrqchip.SIZE);
        state.putInt(KvmStructs.KvmIrqchip.CHIP_ID, chip);
        call(KvmIoctl.KVM_GET_IRQCHIP, state);
        return state;
    }

    /** Sets the {@code kvm_irqchip} that the structure names. */
    public void setIrqchip(UnsafeBuffer state) {
        call(KvmIoctl.KVM_SET_IRQCHIP, state);
    }

    @Override
    public void close() {
        vcpus.forEach(KvmVcpu::close);
        super.close();
    }
}
