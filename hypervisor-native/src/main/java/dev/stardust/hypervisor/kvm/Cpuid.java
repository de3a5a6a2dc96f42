package dev.stardust.hypervisor.kvm;

import dev.stardust.hypervisor.kvm.CpuidLeaf.Register;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmCpuid2;
import dev.stardust.hypervisor.kvm.KvmStructs.KvmCpuidEntry2;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** What CPUID says, leaf by leaf, to a guest or of a host. */
public final class Cpuid {
    /** Leaf 1 ECX: runs under a hypervisor. */
    static final int HYPERVISOR = 1 << 31;

    private static final int MAX_ENTRIES = 4096;

    // Bits that do not tell what the CPU can do: they follow CR4.
    private static final int OSXSAVE = 1 << 27;
    private static final int OSPKE = 1 << 4;

    /** Leaves and registers that hold feature bits: what a guest has seen there must stay true. */
    private enum Features {
        BASIC_ECX(1, Register.ECX, HYPERVISOR | OSXSAVE),
        BASIC_EDX(1, Register.EDX, CpuTopology.HYPER_THREADING),
        EXTENDED_EBX(7, Register.EBX, 0),
        EXTENDED_ECX(7, Register.ECX, OSPKE),
        EXTENDED_EDX(7, Register.EDX, 0),
        XSAVE_EAX(0xd, Register.EAX, 0),
        KVM_EAX(0x4000_0001, Register.EAX, 0),
        AMD_ECX(0x8000_0001, Register.ECX, CpuTopology.CMP_LEGACY),
        AMD_EDX(0x8000_0001, Register.EDX, 0);

        private final int function;
        private final Register register;
        private final int ignored;

        Features(int function, Register register, int ignored) {
            this.function = function;
            this.register = register;
            this.ignored = ignored;
        }

        int in(Cpuid cpuid) {
            CpuidLeaf leaf = cpuid.leaf(function, 0);
            return leaf == null ? 0 : leaf.get(register);
        }
    }

    private final List<CpuidLeaf> leaves;

    Cpuid(List<CpuidLeaf> leaves) {
        this.leaves = List.copyOf(leaves);
    }

    /**
     * Takes the leaves out of a {@code struct kvm_cpuid2} and its entries.
     *
     * @throws KvmException if the list is shorter than it says
     */
    public static Cpuid copyOf(DirectBuffer list) {
        int count = list.capacity() < KvmCpuid2.SIZE ? -1 : list.getInt(KvmCpuid2.NENT, ByteOrder.LITTLE_ENDIAN);
        if (count < 1 || count > MAX_ENTRIES || sizeOf(count) > list.capacity()) {
            throw new KvmException("a CPUID list of " + list.capacity() + " bytes and " + count + " entries", 0);
        }
        List<CpuidLeaf> leaves = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int at = sizeOf(i);
            leaves.add(new CpuidLeaf(
                    list.getInt(at + KvmCpuidEntry2.FUNCTION, ByteOrder.LITTLE_ENDIAN),
                    list.getInt(at + KvmCpuidEntry2.INDEX, ByteOrder.LITTLE_ENDIAN),
                    list.getInt(at + KvmCpuidEntry2.FLAGS, ByteOrder.LITTLE_ENDIAN),
                    list.getInt(at + KvmCpuidEntry2.EAX, ByteOrder.LITTLE_ENDIAN),
                    list.getInt(at + KvmCpuidEntry2.EBX, ByteOrder.LITTLE_ENDIAN),
                    list.getInt(at + KvmCpuidEntry2.ECX, ByteOrder.LITTLE_ENDIAN),
                    list.getInt(at + KvmCpuidEntry2.EDX, ByteOrder.LITTLE_ENDIAN)));
        }
        return new Cpuid(leaves);
    }

    private static int sizeOf(int count) {
        return KvmCpuid2.ENTRIES + count * KvmCpuidEntry2.SIZE;
    }

    /** The leaves as {@code struct kvm_cpuid2} with its entries, in native memory. */
    public UnsafeBuffer struct() {
        UnsafeBuffer list = KvmFd.struct(sizeOf(leaves.size()));
        list.putInt(KvmCpuid2.NENT, leaves.size());
        for (int i = 0; i < leaves.size(); i++) {
            CpuidLeaf leaf = leaves.get(i);
            int at = sizeOf(i);
            list.putInt(at + KvmCpuidEntry2.FUNCTION, leaf.function());
            list.putInt(at + KvmCpuidEntry2.INDEX, leaf.index());
            list.putInt(at + KvmCpuidEntry2.FLAGS, leaf.flags());
            list.putInt(at + KvmCpuidEntry2.EAX, leaf.eax());
            list.putInt(at + KvmCpuidEntry2.EBX, leaf.ebx());
            list.putInt(at + KvmCpuidEntry2.ECX, leaf.ecx());
            list.putInt(at + KvmCpuidEntry2.EDX, leaf.edx());
        }
        return list;
    }

    /**
     * These leaves as a vCPU sees them: under a hypervisor, with its own APIC id, one of so many cores of one package.
     *
     * @param id the vCPU's, which is its APIC id
     * @param vcpus most vCPUs that the machine may have
     */
    public Cpuid forVcpu(int id, int vcpus) {
        return new CpuTopology(id, vcpus)
                .applyTo(this)
                .map(leaf -> leaf.function() == 1
                        ? leaf.with(leaf.eax(), leaf.ebx(), leaf.ecx() | HYPERVISOR, leaf.edx())
                        : leaf);
    }

    /**
     * What a guest that has seen these leaves would miss on a host that offers {@code host}.
     *
     * @return a text naming the first leaf and bits that are missing, or null if there are none
     */
    public String missingOn(Cpuid host) {
        for (Features f : Features.values()) {
            int missing = f.in(this) & ~f.in(host) & ~f.ignored;
            if (missing != 0) {
                return "CPUID leaf 0x" + Integer.toHexString(f.function) + " (" + f + "), bits 0x"
                        + Integer.toHexString(missing);
            }
        }
        return null;
    }

    List<CpuidLeaf> leaves() {
        return leaves;
    }

    /** The leaf of that function and index, or null. */
    CpuidLeaf leaf(int function, int index) {
        for (CpuidLeaf leaf : leaves) {
            if (leaf.function() == function && leaf.index() == index) {
                return leaf;
            }
        }
        return null;
    }

    /** These leaves, each replaced by what the change makes of it. */
    Cpuid map(UnaryOperator<CpuidLeaf> change) {
        return new Cpuid(leaves.stream().map(change).toList());
    }
}
