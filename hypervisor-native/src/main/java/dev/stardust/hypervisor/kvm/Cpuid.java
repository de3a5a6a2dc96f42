package dev.stardust.hypervisor.kvm;

import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A list of CPUID leaves as a guest sees them: {@code struct kvm_cpuid2} with its entries, in native memory. */
public final class Cpuid {
    private static final int MAX_ENTRIES = 4096;

    // Bits that do not tell what the CPU can do: the first is set by us, the others follow CR4.
    private static final int HYPERVISOR = 1 << 31;
    private static final int OSXSAVE = 1 << 27;
    private static final int OSPKE = 1 << 4;

    /** Leaves and registers that hold feature bits: what a guest has seen there must stay true. */
    private enum Features {
        BASIC_ECX(1, KvmStructs.KvmCpuidEntry2.ECX, HYPERVISOR | OSXSAVE),
        BASIC_EDX(1, KvmStructs.KvmCpuidEntry2.EDX, 0),
        EXTENDED_EBX(7, KvmStructs.KvmCpuidEntry2.EBX, 0),
        EXTENDED_ECX(7, KvmStructs.KvmCpuidEntry2.ECX, OSPKE),
        EXTENDED_EDX(7, KvmStructs.KvmCpuidEntry2.EDX, 0),
        XSAVE_EAX(0xd, KvmStructs.KvmCpuidEntry2.EAX, 0),
        AMD_ECX(0x8000_0001, KvmStructs.KvmCpuidEntry2.ECX, 0),
        AMD_EDX(0x8000_0001, KvmStructs.KvmCpuidEntry2.EDX, 0);

        private final int function;
        private final int register;
        private final int ignored;

        Features(int function, int register, int ignored) {
            this.function = function;
            this.register = register;
            this.ignored = ignored;
        }
    }

    private final UnsafeBuffer list;

    private Cpuid(UnsafeBuffer list) {
        this.list = list;
    }

    /**
     * Takes the entries out of a list.
     *
     * @throws KvmException if the list is shorter than it says
     */
    public static Cpuid copyOf(DirectBuffer bytes) {
        int count = bytes.capacity() < KvmStructs.KvmCpuid2.SIZE
                ? -1
                : bytes.getInt(KvmStructs.KvmCpuid2.NENT, ByteOrder.LITTLE_ENDIAN);
        if (count < 1 || count > MAX_ENTRIES || sizeOf(count) > bytes.capacity()) {
            throw new KvmException("a CPUID list of " + bytes.capacity() + " bytes and " + count + " entries", 0);
        }
        UnsafeBuffer list = KvmFd.struct(sizeOf(count));
        list.putBytes(0, bytes, 0, sizeOf(count));
        return new Cpuid(list);
    }

    private static int sizeOf(int count) {
        return KvmStructs.KvmCpuid2.ENTRIES + count * KvmStructs.KvmCpuidEntry2.SIZE;
    }

    /** These leaves as vCPU {@code id} sees them: under a hypervisor, with its own APIC id. */
    public Cpuid forVcpu(int id) {
        Cpuid own = copyOf(list);
        for (int entry = KvmStructs.KvmCpuid2.ENTRIES; entry < own.list.capacity(); entry = next(entry)) {
            int ebx = entry + KvmStructs.KvmCpuidEntry2.EBX;
            switch (own.list.getInt(entry + KvmStructs.KvmCpuidEntry2.FUNCTION)) {
                case 1 -> {
                    own.list.putInt(ebx, (own.list.getInt(ebx) & 0x00ff_ffff) | (id << 24));
                    int ecx = entry + KvmStructs.KvmCpuidEntry2.ECX;
                    own.list.putInt(ecx, own.list.getInt(ecx) | HYPERVISOR);
                }
                case 0xb, 0x1f -> own.list.putInt(entry + KvmStructs.KvmCpuidEntry2.EDX, id);
                case 0x8000_001e -> own.list.putInt(entry + KvmStructs.KvmCpuidEntry2.EAX, id);
                default -> {}
            }
        }
        return own;
    }

    /**
     * What a guest that has seen these leaves would miss on a host that offers {@code host}.
     *
     * @return a text naming the first leaf and bits that are missing, or null if there are none
     */
    public String missingOn(Cpuid host) {
        for (Features f : Features.values()) {
            int missing = register(f) & ~host.register(f) & ~f.ignored;
            if (missing != 0) {
                return "CPUID leaf 0x" + Integer.toHexString(f.function) + " (" + f + "), bits 0x"
                        + Integer.toHexString(missing);
            }
        }
        return null;
    }

    private int register(Features f) {
        for (int entry = KvmStructs.KvmCpuid2.ENTRIES; entry < list.capacity(); entry = next(entry)) {
            if (list.getInt(entry + KvmStructs.KvmCpuidEntry2.FUNCTION) == f.function
                    && list.getInt(entry + KvmStructs.KvmCpuidEntry2.INDEX) == 0) {
                return list.getInt(entry + f.register);
            }
        }
        return 0;
    }

    private static int next(int entry) {
        return entry + KvmStructs.KvmCpuidEntry2.SIZE;
    }

    /** The structure, for reading. */
    public UnsafeBuffer struct() {
        return list;
    }
}
