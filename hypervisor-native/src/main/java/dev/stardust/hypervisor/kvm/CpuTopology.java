package dev.stardust.hypervisor.kvm;

import java.util.ArrayList;
import java.util.List;

/**
 * One vCPU among those of its machine: one package of single-threaded cores that share the last-level cache, APIC ids
 * from 0 up. (Intel SDM volume 2, CPUID leaves 1, 4 and 0xb; AMD APM volume 3, appendix E.)
 *
 * @param id the vCPU's APIC id
 * @param vcpus number of APIC ids
 */
record CpuTopology(int id, int vcpus) {
    /** Leaf 1 EDX: more than one logical processor in the package. */
    static final int HYPER_THREADING = 1 << 28;

    /** Leaf 0x8000_0001 ECX: those are cores, not threads. */
    static final int CMP_LEGACY = 1 << 1;

    private static final int LEAF_TOPOLOGY = 0xb;
    private static final int LEAF_TOPOLOGY_V2 = 0x1f;
    private static final int LEVEL_THREAD = 1;
    private static final int LEVEL_CORE = 2;
    private static final int CACHE_LEVEL_SHIFT = 5;
    private static final int CACHE_LEVEL_MASK = 7;
    private static final int CACHE_SHARERS_SHIFT = 14;
    private static final int CACHE_SHARERS_MASK = 0xfff;
    private static final int CORES_SHIFT = 26;
    private static final int CORES_MASK = 0x3f;
    private static final int LAST_CACHE_LEVEL = 3;
    private static final int BYTE_MASK = 0xff;
    private static final int AMD_VENDOR_EBX = 0x6874_7541; // "Auth"enticAMD
    private static final int HYGON_VENDOR_EBX = 0x6f67_7948; // "Hygo"nGenuine

    Cpuid applyTo(Cpuid cpuid) {
        CpuidLeaf vendor = cpuid.leaf(0, 0);
        boolean isAmd = vendor != null && (vendor.ebx() == AMD_VENDOR_EBX || vendor.ebx() == HYGON_VENDOR_EBX);
        List<CpuidLeaf> leaves = new ArrayList<>();
        for (CpuidLeaf leaf : cpuid.leaves()) {
            // KVM's own have no levels, or those of the host. Without 0x1f guests take 0xb.
            if (leaf.function() != LEAF_TOPOLOGY && leaf.function() != LEAF_TOPOLOGY_V2) {
                leaves.add(applyTo(leaf, isAmd));
            }
        }
        if (vendor != null && vendor.eax() >= LEAF_TOPOLOGY) {
            leaves.add(level(0, LEVEL_THREAD, 0, 1));
            leaves.add(level(1, LEVEL_CORE, idBits(), vcpus));
        }
        return new Cpuid(leaves);
    }

    private CpuidLeaf applyTo(CpuidLeaf leaf, boolean isAmd) {
        return switch (leaf.function()) {
            case 1 ->
                leaf.with(
                        leaf.eax(),
                        (leaf.ebx() & 0xffff) | (Math.min(vcpus, BYTE_MASK) << 16) | (id << 24),
                        leaf.ecx(),
                        withBit(leaf.edx(), HYPER_THREADING));
            case 4 -> leaf.with(cores(sharers(leaf.eax())), leaf.ebx(), leaf.ecx(), leaf.edx());
            case 0x8000_0001 ->
                isAmd ? leaf.with(leaf.eax(), leaf.ebx(), withBit(leaf.ecx(), CMP_LEGACY), leaf.edx()) : leaf;
            case 0x8000_0008 ->
                isAmd
                        ? leaf.with(
                                leaf.eax(), leaf.ebx(), Math.min(vcpus - 1, BYTE_MASK) | (idBits() << 12), leaf.edx())
                        : leaf;
            case 0x8000_001d -> leaf.with(sharers(leaf.eax()), leaf.ebx(), leaf.ecx(), leaf.edx());
            case 0x8000_001e -> leaf.with(id, id, 0, 0);
            default -> leaf;
        };
    }

    /** Bits of an APIC id that tell the cores apart. */
    private int idBits() {
        return Integer.SIZE - Integer.numberOfLeadingZeros(vcpus - 1);
    }

    private int withBit(int register, int severalBit) {
        return vcpus > 1 ? register | severalBit : register & ~severalBit;
    }

    /** EAX of a cache leaf with the number of vCPUs, less one, that share the cache. */
    private int sharers(int eax) {
        boolean isLast = ((eax >> CACHE_LEVEL_SHIFT) & CACHE_LEVEL_MASK) >= LAST_CACHE_LEVEL;
        return (eax & ~(CACHE_SHARERS_MASK << CACHE_SHARERS_SHIFT)) | (isLast ? (vcpus - 1) << CACHE_SHARERS_SHIFT : 0);
    }

    /** EAX of Intel's cache leaf with the number of cores, less one; zero ends the list of caches and stays. */
    private int cores(int eax) {
        int cores = eax == 0 ? 0 : Math.min(vcpus - 1, CORES_MASK);
        return (eax & ~(CORES_MASK << CORES_SHIFT)) | (cores << CORES_SHIFT);
    }

    private CpuidLeaf level(int index, int type, int shift, int count) {
        return new CpuidLeaf(LEAF_TOPOLOGY, index, CpuidLeaf.INDEXED, shift, count, index | (type << 8), id);
    }
}
