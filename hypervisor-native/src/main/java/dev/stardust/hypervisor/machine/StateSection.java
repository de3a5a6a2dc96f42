package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.device.PowerController;
import dev.stardust.hypervisor.device.SerialPort;
import dev.stardust.hypervisor.kvm.KvmStructs;

/** The sections of a {@link MachineState}, in the order in which they are restored. */
enum StateSection {
    /** Memory size, vCPUs and devices of the machine. */
    PLATFORM(1, PlatformState.SIZE),
    /** {@code kvm_clock_data}. */
    CLOCK(2, KvmStructs.KvmClockData.SIZE),
    /** {@code kvm_irqchip}, one for each of the three chips. */
    IRQCHIP(3, KvmStructs.KvmIrqchip.SIZE),
    /** When all this was saved. */
    SAVED_AT(4, SavedAt.SIZE),
    /** {@code kvm_cpuid2} with its entries, of each vCPU, as the following. */
    CPUID(16),
    MP_STATE(17, KvmStructs.KvmMpState.SIZE),
    SREGS2(18, KvmStructs.KvmSregs2.SIZE),
    REGS(19, KvmStructs.KvmRegs.SIZE),
    XCRS(20, KvmStructs.KvmXcrs.SIZE),
    FPU(21, KvmStructs.KvmFpu.SIZE),
    XSAVE(22, KvmStructs.KvmXsave.SIZE),
    DEBUGREGS(23, KvmStructs.KvmDebugregs.SIZE),
    LAPIC(24, KvmStructs.KvmLapicState.SIZE),
    /** {@code kvm_msrs} with its entries. */
    MSRS(25),
    VCPU_EVENTS(26, KvmStructs.KvmVcpuEvents.SIZE),
    /** The 16550. */
    SERIAL(32, SerialPort.STATE_SIZE),
    /** Events that the guest has not fetched yet. */
    POWER(34, PowerController.STATE_SIZE),
    /** A virtio device with its transport and queues, one for each. */
    VIRTIO(33);

    private static final int ANY_SIZE = 0;

    private final int id;
    private final int size;

    StateSection(int id) {
        this(id, ANY_SIZE);
    }

    StateSection(int id, int size) {
        this.id = id;
        this.size = size;
    }

    /** The number in the file; never used again for something else. */
    int id() {
        return id;
    }

    /** Bytes it has, 0 if that varies. */
    int size() {
        return size;
    }

    /** Whether a section may have this many bytes. */
    boolean takes(int bytes) {
        return size == ANY_SIZE ? bytes > 0 : bytes == size;
    }

    static StateSection of(int id) {
        for (StateSection section : values()) {
            if (section.id == id) {
                return section;
            }
        }
        return null;
    }
}
