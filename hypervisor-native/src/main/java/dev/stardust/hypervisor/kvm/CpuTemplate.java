package dev.stardust.hypervisor.kvm;

import java.util.List;

/**
 * The CPU that a guest is shown. A guest that was shown a level of the x86-64 psABI (chapter 3.1.1, "Processor
 * Architecture") can move to any host of the same vendor that has the level; one that was shown the host's CPU only to
 * hosts with all its features.
 *
 * <p>A level has the psABI's features and what every guest under KVM has (x2APIC, TSC deadline timer, KVM's own leaves),
 * nothing else: no AES, no invariant TSC (time comes by kvm-clock, as the TSC's frequency may change), and no bits of
 * mitigations, so that kernels take those that need none.
 */
public enum CpuTemplate {
    /** All that this host's KVM offers. */
    HOST(0, 0, 0, 0),
    /** CMPXCHG16B, LAHF, POPCNT and SSE up to 4.2. */
    X86_64_V2(V2.BASIC_ECX, 0, 0, V2.AMD_ECX),
    /** As V2, with AVX, AVX2, BMI1, BMI2, F16C, FMA, LZCNT, MOVBE and XSAVE. */
    X86_64_V3(V3.BASIC_ECX, V3.EXTENDED_EBX, V3.XSAVE_EAX, V3.AMD_ECX);

    /** FPU, CX8, CMOV, MMX, FXSR, SSE, SSE2. */
    private static final int BASELINE_EDX = 0x0780_8101;

    /** SYSCALL, NX, LM. */
    private static final int BASELINE_AMD_EDX = 0x2010_0800;

    /** What all such CPUs have beside: VME to MCE, APIC, SEP, MTRR to PAT, PSE36, CLFSH. */
    private static final int COMMON_EDX = 0x000b_fbff;

    /** On AMD the first register's bits come again here. */
    private static final int COMMON_AMD_EDX = 0x0183_f3ff;

    /** X2APIC, TSC deadline, hypervisor. */
    private static final int GUEST_ECX = 1 << 21 | 1 << 24 | Cpuid.HYPERVISOR;

    /** ARAT: the APIC's timer does not stop when the CPU sleeps. */
    private static final int POWER_EAX = 1 << 2;

    private static final int HYPERVISOR_LEAVES = 0x4000;
    private static final int PHYSICAL_BITS = 40;
    private static final int LINEAR_BITS = 48;
    private static final int AVX_STATE = 2;

    /** Bytes of an XSAVE area with AVX state: 512, header 64, upper halves of 16 registers. */
    private static final int AVX_AREA_BYTES = 832;

    private static final class V2 {
        /** SSE3, SSSE3, CX16, SSE4.1, SSE4.2, POPCNT. */
        static final int BASIC_ECX = 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23;

        /** LAHF. */
        static final int AMD_ECX = 1;
    }

    private static final class V3 {
        /** FMA, MOVBE, XSAVE, AVX, F16C. */
        static final int BASIC_ECX = V2.BASIC_ECX | 1 << 12 | 1 << 22 | 1 << 26 | 1 << 28 | 1 << 29;

        /** BMI1, AVX2, BMI2. */
        static final int EXTENDED_EBX = 1 << 3 | 1 << 5 | 1 << 8;

        /** x87, SSE and AVX state. */
        static final int XSAVE_EAX = 7;

        /** LZCNT. */
        static final int AMD_ECX = V2.AMD_ECX | 1 << 5;
    }

    private final int basicEcx;
    private final int extendedEbx;
    private final int xsaveEax;
    private final int amdEcx;

    CpuTemplate(int basicEcx, int extendedEbx, int xsaveEax, int amdEcx) {
        this.basicEcx = basicEcx;
        this.extendedEbx = extendedEbx;
        this.xsaveEax = xsaveEax;
        this.amdEcx = amdEcx;
    }

    /**
     * The leaves of this CPU on a host.
     *
     * @param host what KVM offers there
     * @throws KvmException naming what the host lacks
     */
    public Cpuid applyTo(Cpuid host) {
        if (this == HOST) {
            return host;
        }
        String missing = level().missingOn(host);
        if (missing != null) {
            throw new KvmException(
                    "this host's CPU lacks a feature of " + this + ": " + missing + "; choose a lower CPU template or "
                            + HOST,
                    0);
        }
        return host.map(this::limit);
    }

    /** What a host must have. */
    private Cpuid level() {
        return new Cpuid(List.of(
                CpuidLeaf.of(1, 0, 0, basicEcx, BASELINE_EDX),
                CpuidLeaf.of(7, 0, extendedEbx, 0, 0),
                CpuidLeaf.of(0xd, xsaveEax, 0, 0, 0),
                CpuidLeaf.of(0x8000_0001, 0, 0, amdEcx, BASELINE_AMD_EDX)));
    }

    private CpuidLeaf limit(CpuidLeaf leaf) {
        if (leaf.function() >>> 16 == HYPERVISOR_LEAVES) {
            return leaf;
        }
        return switch (leaf.function()) {
            // Vendor, caches, topology and names: they tell nothing that an instruction depends on.
            case 0, 2, 4, 0xb, 0x1f -> leaf;
            case 0x8000_0000, 0x8000_0002, 0x8000_0003, 0x8000_0004, 0x8000_0005, 0x8000_0006 -> leaf;
            case 0x8000_001d, 0x8000_001e -> leaf;
            case 1 ->
                leaf.masked(-1, -1, basicEcx | GUEST_ECX, BASELINE_EDX | COMMON_EDX | CpuTopology.HYPER_THREADING);
            case 6 -> leaf.masked(POWER_EAX, 0, 0, 0);
            case 7 -> leaf.index() == 0 ? leaf.masked(0, extendedEbx, 0, 0) : nothing(leaf);
            case 0xd -> xsave(leaf);
            case 0x8000_0001 -> leaf.masked(-1, -1, amdEcx | CpuTopology.CMP_LEGACY, BASELINE_AMD_EDX | COMMON_AMD_EDX);
            case 0x8000_0008 -> leaf.with(addresses(leaf.eax()), 0, leaf.ecx(), 0);
            default -> nothing(leaf);
        };
    }

    private CpuidLeaf xsave(CpuidLeaf leaf) {
        if (leaf.index() == 0) {
            int size = xsaveEax == 0 ? 0 : AVX_AREA_BYTES;
            return leaf.with(xsaveEax, size, size, 0);
        }
        return leaf.index() == AVX_STATE && xsaveEax != 0 ? leaf : nothing(leaf);
    }

    private static int addresses(int eax) {
        return Math.min(eax & 0xff, PHYSICAL_BITS) | (LINEAR_BITS << 8);
    }

    private static CpuidLeaf nothing(CpuidLeaf leaf) {
        return leaf.with(0, 0, 0, 0);
    }
}
