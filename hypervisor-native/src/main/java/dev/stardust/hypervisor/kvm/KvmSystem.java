package dev.stardust.hypervisor.kvm;

import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * {@code /dev/kvm}: what this host's KVM can do, and the maker of virtual machines. Those live on when it is closed.
 */
public final class KvmSystem extends KvmFd {
    private static final Path DEVICE = Path.of("/dev/kvm");
    private static final int API_VERSION = 12;
    private static final int MAX_CPUID_ENTRIES = 256;
    private static final int MAX_MSRS = 1024;
    private static final int CAP_TSC_DEADLINE_TIMER = 72;
    private static final int TSC_DEADLINE = 1 << 24;

    /** {@code KVM_CAP_*} that this VMM cannot do without. */
    private enum Need {
        IRQCHIP(0),
        USER_MEMORY(3),
        SET_TSS_ADDR(4),
        EXT_CPUID(7),
        MP_STATE(14),
        IRQFD(32),
        SET_IDENTITY_MAP_ADDR(37),
        ADJUST_CLOCK(39),
        VCPU_EVENTS(41),
        IOEVENTFD(36),
        DEBUGREGS(50),
        XSAVE(55),
        XCRS(56),
        GET_TSC_KHZ(61),
        IMMEDIATE_EXIT(136),
        SREGS2(200);

        private final int number;

        Need(int number) {
            this.number = number;
        }
    }

    private static KvmSystem shared;

    private final int runSize;
    private final int[] msrIndices;
    private final Cpuid supportedCpuid;

    private KvmSystem(int fd) {
        super(fd);
        try {
            int version = call(KvmIoctl.KVM_GET_API_VERSION, 0);
            if (version != API_VERSION) {
                throw new KvmException("KVM has API version " + version + ", not " + API_VERSION, 0);
            }
            for (Need need : Need.values()) {
                if (call(KvmIoctl.KVM_CHECK_EXTENSION, need.number) == 0) {
                    throw new KvmException(
                            "this host's KVM lacks KVM_CAP_" + need + "; it takes a kernel of 5.14 or newer", 0);
                }
            }
            runSize = call(KvmIoctl.KVM_GET_VCPU_MMAP_SIZE, 0);
            msrIndices = askMsrIndices();
            supportedCpuid = askSupportedCpuid();
        } catch (KvmException e) {
            close();
            throw e;
        }
    }

    /**
     * Opens {@code /dev/kvm} and checks that it can do what is needed.
     *
     * @throws KvmException if it is missing, not allowed or too old; the text says what mends it
     */
    public static KvmSystem open() {
        return open(DEVICE);
    }

    static KvmSystem open(Path device) {
        return new KvmSystem(KvmDevice.open(device));
    }

    /**
     * The one for all machines of this process, which is never closed: what it is asked when it is opened costs as much
     * as some of a machine's building. Opened by the first call that can; throws as {@link #open}.
     */
    public static synchronized KvmSystem shared() {
        if (shared == null) {
            shared = open();
        }
        return shared;
    }

    /** Makes an empty virtual machine. */
    public KvmVm createVm() {
        return new KvmVm(call(KvmIoctl.KVM_CREATE_VM, 0), runSize, msrIndices);
    }

    /** The CPUID leaves that KVM can give a guest with a local APIC on this host. */
    public Cpuid supportedCpuid() {
        return supportedCpuid;
    }

    private Cpuid askSupportedCpuid() {
        UnsafeBuffer list = struct(KvmStructs.KvmCpuid2.ENTRIES + MAX_CPUID_ENTRIES * KvmStructs.KvmCpuidEntry2.SIZE);
        list.putInt(KvmStructs.KvmCpuid2.NENT, MAX_CPUID_ENTRIES);
        call(KvmIoctl.KVM_GET_SUPPORTED_CPUID, list);
        Cpuid supported = Cpuid.copyOf(list);
        // Left out by KVM, as it takes a local APIC in the kernel: machines here have one.
        int deadline = call(KvmIoctl.KVM_CHECK_EXTENSION, CAP_TSC_DEADLINE_TIMER) != 0 ? TSC_DEADLINE : 0;
        return supported.map(leaf ->
                leaf.function() == 1 ? leaf.with(leaf.eax(), leaf.ebx(), leaf.ecx() | deadline, leaf.edx()) : leaf);
    }

    /** Numbers of the MSRs that make up a vCPU's state. */
    private int[] askMsrIndices() {
        UnsafeBuffer list = struct(KvmStructs.KvmMsrList.INDICES + MAX_MSRS * Integer.BYTES);
        list.putInt(KvmStructs.KvmMsrList.NMSRS, MAX_MSRS);
        call(KvmIoctl.KVM_GET_MSR_INDEX_LIST, list);
        int[] indices = new int[list.getInt(KvmStructs.KvmMsrList.NMSRS)];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = list.getInt(KvmStructs.KvmMsrList.INDICES + i * Integer.BYTES);
        }
        return indices;
    }
}
